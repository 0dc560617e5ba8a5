import type { Child } from './child.ts';

/** What the start of each part of the stack is given. */
export type StartPart = Readonly<{
  /** The environment of child processes, without what would lead them to somebody's real Azure. */
  env: NodeJS.ProcessEnv;
  /** Hands over a child as soon as it runs, so that it is stopped whatever happens next. */
  started(child: Child): void;
  /** How long the part may take to become ready. */
  deadlineMs: number;
  /** Aborted when the stack is to stop before it is up. */
  signal: AbortSignal;
}>;

/** Settings of the caller's that must not reach the stack: their identity, and the settings of some function app. */
const FOREIGN =
  /^(AZURE_|AZURITE_|IDENTITY_|MSI_|APPSETTING_|AzureWebJobs|HSMKEEP_(CONFIG|STORAGE|DUTIES|IDENTITY_.*|EVENT.*|CLOCK_URL)$)/i;
const LOOPBACK = ['127.0.0.1', 'localhost'];

export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !FOREIGN.test(name)));
  const noProxy = [...LOOPBACK, env['NO_PROXY'] ?? env['no_proxy']].filter(Boolean).join(',');
  return { ...kept, NO_PROXY: noProxy, no_proxy: noProxy };
}
