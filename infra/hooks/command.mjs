// What the hooks share: other programs, files that are handed to them, and how they give up.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIMEOUT_MS = 10 * 60_000;

/** Runs a program and returns what it prints. It writes its own errors to the terminal. @throws {HookError} when it fails. */
export function run(program, ...args) {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: TIMEOUT_MS,
      // On Windows az and azd are scripts.
      shell: process.platform === 'win32',
    }).trim();
  } catch (error) {
    const why = error.code === 'ENOENT' ? `${program} is not installed` : `${program} ${args.slice(0, 3).join(' ')} failed`;
    throw new HookError(why, HINTS[program] ?? 'What it printed tells why.');
  }
}

const HINTS = {
  az: 'Install the Azure CLI, sign in with `az login` to the tenant of the deployment, and try again.',
  azd: 'Run `azd up` or `azd provision`, which calls this; on its own it needs the Azure Developer CLI.',
};

/** Runs a program whose answer is JSON. */
export const ask = (program, ...args) => JSON.parse(run(program, ...args) || 'null');

/** Calls `use` with the path of a file that holds this JSON, and removes it. */
export function withJsonFile(value, use) {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-'));
  try {
    const path = join(folder, 'value.json');
    writeFileSync(path, JSON.stringify(value));
    return use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A person can mend it. */
export class HookError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** The body of a hook: says what went wrong and what to do, and fails the command that called it. */
export function hook(body) {
  try {
    body(process.env);
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    console.error(`hsmkeep: ${error.message}.\n  ${error.hint}`);
    process.exitCode = 1;
  }
}

/** A variable of azd's environment. @throws {HookError} when it is not set. */
export function needed(env, name) {
  if (env[name]) return env[name];
  throw new HookError(`${name} is not set`, 'Run `azd provision` first: it is an output of infra/main.bicep.');
}
