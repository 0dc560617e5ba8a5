import { rmSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { writeFileAtomically } from './host/atomic-file.ts';
import { type LocalStorage, startAzurite } from './stack/azurite.ts';
import type { Child } from './stack/child.ts';
import { emulatorControl } from './stack/control.ts';
import { type DataFolder, openDataFolder } from './stack/data-folder.ts';
import { provideDemoSecrets } from './stack/demo-secrets.ts';
import { type DemoTargets, startDemoTargets } from './stack/demo-targets.ts';
import { type EmulatorReady, startEmulator } from './stack/emulator.ts';
import { type HostReady, startHost } from './stack/host.ts';
import { type ConfigDocument, demoConfig, withLocalSignIn } from './stack/local-config.ts';
import { childEnvironment, type StartPart } from './stack/part.ts';
import { requireFree } from './stack/ports.ts';
import { provision } from './stack/provision.ts';

export type StackOptions = Readonly<{
  /** Keeps everything; a second start continues what is there. Absolute. */
  dataDir: string;
  /** Of the API; 0 takes any free one. */
  port: number;
  /** A checked configuration to run with instead of the one for the emulated HSMs. */
  config?: ConfigDocument;
  /** Where to say that all is up. Absolute. */
  readyFile: string;
  env: NodeJS.ProcessEnv;
  /** Takes a line for each part as it is started. */
  onProgress(line: string): void;
  /** Aborted when the stack is to stop before it is up. */
  signal: AbortSignal;
}>;

/** What the ready file holds. `users` are the emulated people and their access tokens. */
export type StackReady = HostReady &
  Readonly<{ storageConnectionString: string; users: Readonly<Record<string, string>>; emulator: EmulatorReady }>;

export interface RunningStack {
  readonly ready: StackReady;
  readonly config: Config;
  /** The time that all parts agree on, epoch milliseconds. */
  now(): Promise<number>;
  /** Resolves when a part has ended by itself, with an error that says which and shows the end of its log. */
  readonly broken: Promise<Error>;
  /** Stops all parts, the last started first, and gives the folder back. Safe to call twice. */
  stop(): Promise<void>;
}

/** How long one part may take to start on a busy machine. */
const PART_DEADLINE_MS = 60_000;

/**
 * Starts the local stack: storage (and a Redis, where one is installed), emulator, what an administrator sets up, and the function app, in that order. The ready file is
 * written last, in one step, and lies there for as long as the stack runs.
 *
 * @throws {OperatorError} when a port or the folder is taken, or a part does not come up; everything started is stopped then.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const folder = await openDataFolder(options.dataDir);
  const children: Child[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(children, folder, options.readyFile));

  try {
    rmSync(options.readyFile, { force: true });
    if (options.port !== 0) await requireFree(options.port);
    const part: StartPart = {
      env: childEnvironment(options.env),
      started: (child) => children.push(child),
      deadlineMs: PART_DEADLINE_MS,
      signal: options.signal,
    };
    const { ready, config } = await startParts(folder, options, part);
    return {
      ready,
      config,
      now: emulatorControl(ready.emulator).now,
      broken: Promise.race(children.map(({ ended }) => ended)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(folder: DataFolder, options: StackOptions, part: StartPart): Promise<{ ready: StackReady; config: Config }> {
  const { onProgress, signal } = options;
  const isDemo = options.config === undefined;
  onProgress('starting the storage emulator (Azurite)');
  const [storage, targets] = await Promise.all([startAzurite(folder, part), isDemo ? startDemoTargets(folder, part) : {}]);
  onProgress('starting the emulator of Managed HSM, Key Vault and identity');
  const emulator = await startEmulator(folder, storage.connectionString, part);

  onProgress('setting up identities, containers, demo keys and secrets');
  const config = await writeConfig(folder, options, emulator, storage, targets);
  const identities = await provision(emulator, storage, config);
  if (isDemo) await provideDemoSecrets(emulator, targets);
  signal.throwIfAborted();

  onProgress('starting the function app');
  const host = await startHost(folder, { storage, emulator, identities, port: options.port }, part);
  const ready = {
    apiUrl: host.apiUrl,
    eventGridUrl: host.eventGridUrl,
    storageConnectionString: storage.connectionString,
    users: emulator.users,
    emulator,
  };
  writeFileAtomically(options.readyFile, `${JSON.stringify(ready, null, 2)}\n`);
  return { ready, config };
}

async function writeConfig(
  folder: DataFolder,
  { config }: StackOptions,
  emulator: EmulatorReady,
  storage: LocalStorage,
  targets: DemoTargets,
): Promise<Config> {
  const text = `${JSON.stringify(withLocalSignIn(config ?? demoConfig(emulator, storage, targets), emulator), null, 2)}\n`;
  writeFileAtomically(folder.configFile, text);
  const { parseConfig } = await import('../config/config.ts');
  return parseConfig(text);
}

async function stopAll(children: readonly Child[], folder: DataFolder, readyFile: string): Promise<void> {
  rmSync(readyFile, { force: true });
  for (const child of children.toReversed()) await child.stop();
  folder.release();
}
