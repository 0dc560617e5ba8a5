import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { EmulatorError } from '../errors.ts';

/** Azurite as the data plane of the emulated storage accounts: its real authentication, with two keys for each account. */
export type BlobService = Readonly<{
  /** `http://127.0.0.1:PORT`; an account's endpoint has its name as the path. */
  origin: string;
  /** Resolves once Azurite was told; how long it needs to act on it is `propagationMs`. */
  setAccounts(accounts: string): Promise<void>;
  stop(): Promise<void>;
}>;

export type BlobServiceOptions = Readonly<{
  /** `name:key1:key2;…` */
  accounts: string;
  /** Folder for the blobs. */
  location: string;
  /** How long changed keys need to take effect. From a minute on, that is Azurite's own business: it re-reads its accounts each minute. */
  propagationMs: number;
}>;

const READS_ACCOUNTS_EACH_MS = 60_000;
const START_DEADLINE_MS = 30_000;
const LISTENING = /successfully listens on (?<origin>http:\/\/\S+)/;

/**
 * Runs in the child before Azurite does: Azurite takes its accounts from its environment and re-reads them each minute, so changing them is
 * changing the environment of a running process. Ends with its parent.
 */
const PRELUDE = `
const [azurite, dataStore, ...args] = process.argv.slice(1);
const { default: AccountDataStore } = require(dataStore);
const stores = new Set();
const { init } = AccountDataStore.prototype;
AccountDataStore.prototype.init = function () { stores.add(this); return init.call(this); };
process.on('message', ({ accounts, refreshInMs }) => {
  process.env.AZURITE_ACCOUNTS = accounts;
  const refresh = () => { for (const store of stores) store.refresh(); };
  if (refreshInMs === 0) refresh();
  else if (refreshInMs !== null) setTimeout(refresh, refreshInMs);
  process.send('done');
});
process.on('disconnect', () => process.exit(0));
process.argv = [process.argv[0], azurite, ...args];
require(azurite);
`;

/** @throws {EmulatorError} with Azurite's output when it does not come up */
export async function startBlobService({ accounts, location, propagationMs }: BlobServiceOptions): Promise<BlobService> {
  mkdirSync(location, { recursive: true });
  const { resolve } = createRequire(import.meta.url);
  const modules = [resolve('azurite/dist/src/blob/main.js'), resolve('azurite/dist/src/common/AccountDataStore.js')];
  const options = ['--location', location, '--blobHost', '127.0.0.1', '--blobPort', '0'];
  const flags = ['--silent', '--skipApiVersionCheck', '--disableTelemetry'];
  const child = spawn(process.execPath, ['-e', PRELUDE, '--', ...modules, ...options, ...flags], {
    cwd: location,
    env: { ...process.env, AZURITE_ACCOUNTS: accounts },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });

  return {
    origin: await listening(child),
    async setAccounts(changed) {
      const told = once(child, 'message', { signal: AbortSignal.timeout(START_DEADLINE_MS) });
      child.send({ accounts: changed, refreshInMs: propagationMs < READS_ACCOUNTS_EACH_MS ? propagationMs : null });
      await told;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      // It waits for idle connections when it is asked to end; blobs are on disk once they are answered.
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function listening(child: ChildProcess): Promise<string> {
  const output: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const impatience = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
  try {
    for await (const line of createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })) {
      output.push(line);
      const origin = LISTENING.exec(line)?.groups?.['origin'];
      if (!origin) continue;
      child.stdout?.resume();
      return origin;
    }
  } finally {
    clearTimeout(impatience);
  }
  throw new EmulatorError(
    `Azurite, which holds the blobs of the storage accounts, did not start: ${output.slice(-5).join(' ')}`,
    'Run npm ci; if the machine is very busy, try again.',
  );
}
