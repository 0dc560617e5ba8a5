import { rmSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { writeFileAtomically } from './host/atomic-file.ts';
import { type LocalStorage, startAzurite } from './stack/azurite.ts';
import type { Child } from './stack/child.ts';
import { emulatorControl } from './stack/control.ts';
import { type DataFolder, openDataFolder } from './stack/data-folder.ts';
import type { LeftOut } from './stack/demo/demo-secret.ts';
import { type DemoServers, startDemoServers } from './stack/demo/servers.ts';
import { type DemoSecrets, demoSecrets } from './stack/demo/vault.ts';
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
  /** Whether to start servers whose credentials are rotated; never with a configuration given. */
  servers: boolean;
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
  /** Its own secrets and who uses them; undefined with a configuration of somebody's own. */
  readonly demo?: Demo;
  /** The time that all parts agree on, epoch milliseconds. */
  now(): Promise<number>;
  /** Moves the time that all parts agree on. */
  advance(ms: number): Promise<void>;
  /** Resolves when a part has ended by itself, with an error that says which and shows the end of its log. */
  readonly broken: Promise<Error>;
  /** Stops all parts, the last started first, and gives the folder back. Safe to call twice. */
  stop(): Promise<void>;
}

/** `leftOut`: servers that do not run here. */
export type Demo = Readonly<{ secrets: Pick<DemoSecrets, 'look'>; leftOut: readonly LeftOut[] }>;

/** How long one part may take to start on a busy machine. */
const PART_DEADLINE_MS = 60_000;

/**
 * Starts the local stack: storage and emulator, beside them the servers whose credentials are rotated, as far as they are installed; what an
 * administrator sets up; the function app. The ready file is written last, in one step, and lies there for as long as the stack runs.
 *
 * @throws {OperatorError} when a port or the folder is taken, or a part does not come up; everything started is stopped then.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const folder = await openDataFolder(options.dataDir);
  const layers: Layers = { base: [], emulator: [], host: [] };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(layers, folder, options.readyFile));

  try {
    rmSync(options.readyFile, { force: true });
    if (options.port !== 0) await requireFree(options.port);
    const { ready, config, demo } = await startParts(folder, options, layers);
    const { now, advance } = emulatorControl(ready.emulator);
    const children = Object.values(layers).flat();
    return { ready, config, ...(demo && { demo }), now, advance, broken: Promise.race(children.map(({ ended }) => ended)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The parts by what stands on what; what stands on others is stopped before them. */
type Layers = Readonly<Record<'base' | 'emulator' | 'host', Child[]>>;

async function startParts(
  folder: DataFolder,
  options: StackOptions,
  layers: Layers,
): Promise<{ ready: StackReady; config: Config; demo?: Demo }> {
  const { onProgress } = options;
  // When one part fails, what is starting beside it gives up too, and is waited for: nothing may start once the others are stopped.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const env = childEnvironment(options.env);
  const partOf = (layer: keyof Layers): StartPart => ({
    env,
    started: (child) => layers[layer].push(child),
    deadlineMs: PART_DEADLINE_MS,
    signal,
  });

  const isDemo = options.config === undefined;
  const servers = isDemo && options.servers ? startDemoServers(folder, partOf('base')) : undefined;
  // Awaited below; what fails before that is told then.
  servers?.catch(() => undefined);
  try {
    onProgress('starting the storage emulator (Azurite)');
    const storage = await startAzurite(folder, partOf('base'));
    onProgress('starting the emulator of Managed HSM, Key Vault and identity');
    const emulator = await startEmulator(folder, storage.connectionString, partOf('emulator'));
    if (servers) onProgress('starting servers whose credentials are rotated, as far as they are installed');
    const demo = isDemo ? demoOf(emulator, await servers) : undefined;

    onProgress('setting up identities, containers, demo keys and secrets');
    const config = await writeConfig(folder, options, emulator, storage, demo?.secrets.targets);
    const [identities] = await Promise.all([provision(emulator, storage, config), demo?.secrets.provide()]);
    signal.throwIfAborted();

    onProgress('starting the function app');
    const host = await startHost(folder, { storage, emulator, identities, port: options.port }, partOf('host'));
    const ready = {
      apiUrl: host.apiUrl,
      eventGridUrl: host.eventGridUrl,
      storageConnectionString: storage.connectionString,
      users: emulator.users,
      emulator,
    };
    writeFileAtomically(options.readyFile, `${JSON.stringify(ready, null, 2)}\n`);
    return { ready, config, ...(demo && { demo }) };
  } catch (error) {
    failure.abort(error);
    await servers?.catch(() => undefined);
    throw error;
  }
}

const demoOf = (emulator: EmulatorReady, servers: DemoServers = { servers: [], leftOut: [] }) => ({
  secrets: demoSecrets(emulator, servers),
  leftOut: servers.leftOut,
});

async function writeConfig(
  folder: DataFolder,
  { config }: StackOptions,
  emulator: EmulatorReady,
  storage: LocalStorage,
  targets: readonly string[] = [],
): Promise<Config> {
  const text = `${JSON.stringify(withLocalSignIn(config ?? demoConfig(emulator, storage, targets), emulator), null, 2)}\n`;
  writeFileAtomically(folder.configFile, text);
  const { parseConfig } = await import('../config/config.ts');
  return parseConfig(text);
}

async function stopAll({ base, emulator, host }: Layers, folder: DataFolder, readyFile: string): Promise<void> {
  rmSync(readyFile, { force: true });
  for (const layer of [host, emulator, base]) await Promise.all(layer.map((child) => child.stop()));
  folder.release();
}
