import { randomBytes } from 'node:crypto';
import { DEMO_VAULT } from '../emulator.ts';

/** A secret of the demo vault, and what uses it. */
export type DemoSecret = Readonly<{
  name: string;
  tags: Readonly<Record<string, string>>;
  /** What it holds at first. Changes nothing. */
  first(): string | Promise<string>;
  /** Makes the account on the target, with the value that the secret holds, unless it is there. */
  provide?(value: string): Promise<void>;
  /** Logs in with a value that the secret holds or held; false when that is refused. */
  accepts?(value: string): Promise<boolean>;
}>;

/** A server of the stack's whose credentials are rotated. */
export type DemoServer = Readonly<{
  /** As people know it: `PostgreSQL`. */
  name: string;
  /** What the vault's `targets` has to list. */
  target: string;
  secrets: readonly DemoSecret[];
}>;

/** A server that does not run here, and why. */
export type LeftOut = Readonly<{ name: string; why: string }>;

export const OWNER = 'contoso-web';

/** The tags of a managed secret. */
export const managedBy = (provider: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  owner: OWNER,
  'rot-provider': provider,
  ...more,
});

/** A secret that holds a server's administrator; nobody rotates it. */
export const adminSecret = (name: string, { user, password }: Readonly<{ user: string; password: string }>): DemoSecret => ({
  name,
  tags: { owner: OWNER },
  first: () => JSON.stringify({ username: user, password }),
});

/** `rot-admin`: a secret of the demo vault. */
export const inDemoVault = (name: string): string => `${DEMO_VAULT}/${name}`;

export const randomPassword = (): string => randomBytes(30).toString('base64url');
