import { join, resolve } from 'node:path';
import type { LoadedApp } from './app-model.ts';
import { applySettings, readSettingsFile } from './app-settings.ts';
import { checkTriggers } from './check-triggers.ts';
import type { HostClock } from './clock.ts';
import { lockDataFolder } from './data-lock.ts';
import { crashAt } from './durable/crash-point.ts';
import { createEngine } from './durable/engine.ts';
import type { DurableEngine } from './durable/engine-api.ts';
import { openSqliteStore } from './durable/store-sqlite.ts';
import { followEmulatorClock } from './emulator-clock.ts';
import { limitTime } from './function-timeout.ts';
import { type HostConfig, readHostConfig } from './host-config.ts';
import { type Listener, listen } from './http/server.ts';
import { EVENT_GRID_KEY, type HostKeys, loadKeys, systemKey } from './keys.ts';
import { loadApp } from './load-app.ts';
import { createLog, type Log } from './log.ts';
import { Opened } from './opened.ts';
import { trackCalls } from './running-calls.ts';
import { serveApp } from './serve-app.ts';
import { type StoppableClock, SystemClock } from './system-clock.ts';
import { withinTime } from './within-time.ts';

/** How long a stop waits for functions that run. */
const GRACE_MS = 5_000;

/** And then for queue messages to be deleted or given back. */
const SETTLE_MS = 1_000;

export type HostOptions = Readonly<{
  /** Holds package.json, whose `main` names the entry points, and host.json. */
  appDir: string;
  /** Keeps orchestrations, timers and keys; one host at a time. Made when missing. */
  dataDir: string;
  /** Of the public side; 0, the default, is any free one. */
  port?: number;
  /** Of the side for the app's own durable client; 0, the default, is any free one. */
  rpcPort?: number;
  /** In the form of local.settings.json. */
  settingsFile?: string;
  /** Further app settings, which win over those of the file. What the environment has already wins over both. */
  settings?: Readonly<Record<string, string>>;
  /** By default the emulator's at `HSMKEEP_CLOCK_URL`, else the system's. */
  clock?: HostClock;
  /** An app loaded before; by default the one in `appDir` is loaded, which a process can do once. */
  app?: LoadedApp;
  /** By default lines on standard error. */
  log?: Log;
  /** Told when the engine's store failed: nothing more is done, and only a new start helps. */
  onFatal?: (error: unknown) => void;
}>;

export type RunningHost = Readonly<{
  /** `http://127.0.0.1:<port>`, before the route prefix. */
  apiUrl: string;
  /** The webhook for Event Grid, with its key and `{functionName}` to be replaced. */
  eventGridUrl: string;
  keys: HostKeys;
  engine: DurableEngine;
  app: LoadedApp;
  /** Stops timers and listeners, waits some seconds for what runs, closes the store and gives the data folder back. Safe to call twice. */
  stop(): Promise<void>;
}>;

/**
 * Runs a function app in this process: HTTP, timer, queue and Event Grid triggers, and its orchestrations where they were left off.
 *
 * @throws {OperatorError} when the data folder or a port is taken, or the app or its configuration cannot be used.
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const log = options.log ?? createLog((line) => process.stderr.write(line));
  const opened = new Opened(log);
  try {
    return { ...(await start({ ...options, log }, opened)), stop: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function start(options: HostOptions & { log: Log }, opened: Opened): Promise<Omit<RunningHost, 'stop'>> {
  const { log } = options;
  const appDir = resolve(options.appDir);
  const dataDir = resolve(options.dataDir);
  applySettings({ ...(options.settingsFile ? readSettingsFile(options.settingsFile) : {}), ...options.settings });
  const config = readHostConfig(appDir);

  opened.push(lockDataFolder(dataDir));
  const keys = loadKeys(dataDir);
  const publicSide = await listen(options.port ?? 0, '--port');
  opened.push(() => publicSide.close());
  const rpcSide = await listen(options.rpcPort ?? 0, '--rpc-port');
  opened.push(() => rpcSide.close());
  describeHost(publicSide);

  const clock = options.clock ?? (await openClock(log, opened));
  const loaded = options.app ?? (await loadApp(appDir, log));
  if (!options.app) opened.push(() => loaded.terminate());
  checkTriggers(loaded, log);
  const tracked = trackCalls(limitTime(loaded, config.functionTimeoutMs));

  const engine = await openEngine(tracked.app, clock, { config, dataDir, log, onFatal: options.onFatal });
  opened.push(() => engine.stop());
  const serving = serveApp({ app: tracked.app, config, keys, engine, clock, dataDir, publicSide, rpcSide, log });
  opened.push(async () => {
    const settled = serving.stop();
    publicSide.refuse();
    await tracked.finish(GRACE_MS);
    await withinTime(settled, SETTLE_MS);
    serving.close();
  });

  const apiUrl = `http://127.0.0.1:${publicSide.port}`;
  const code = systemKey(keys, EVENT_GRID_KEY);
  const eventGridUrl = `${apiUrl}/runtime/webhooks/EventGrid?functionName={functionName}&code=${code}`;
  log('info', 'host started', { url: apiUrl, functions: loaded.all().length, ...engine.stats() });
  return { apiUrl, eventGridUrl, keys, engine, app: loaded };
}

/** What a function app finds in its environment, before it is loaded. */
function describeHost({ port }: Listener): void {
  // The durable client sends every address to port 7071 without this one.
  process.env['WEBSITE_HOSTNAME'] = `localhost:${port}`;
  process.env['AZURE_FUNCTIONS_ENVIRONMENT'] ??= 'Development';
  // The client obeys HTTP_PROXY, and the host is not behind it.
  const direct = new Set((process.env['NO_PROXY'] ?? '').split(',').filter((host) => host !== ''));
  process.env['NO_PROXY'] = [...direct.add('127.0.0.1').add('localhost')].join(',');
}

async function openClock(log: Log, opened: Opened): Promise<StoppableClock> {
  const url = process.env['HSMKEEP_CLOCK_URL'];
  const clock = url ? await followEmulatorClock(url, log) : new SystemClock();
  opened.push(() => clock.stop());
  return clock;
}

async function openEngine(
  app: LoadedApp,
  clock: HostClock,
  { config, dataDir, log, onFatal }: { config: HostConfig; dataDir: string; log: Log; onFatal: HostOptions['onFatal'] },
): Promise<DurableEngine> {
  const crash = process.env['HSMKEEP_CRASH_AT'];
  const onBoundary = crash ? crashAt(crash) : undefined;
  const store = openSqliteStore(join(dataDir, 'durable.db'));
  try {
    return await createEngine({
      app,
      store,
      clock,
      log,
      ...(config.maxConcurrentActivities === undefined ? {} : { maxConcurrentActivities: config.maxConcurrentActivities }),
      ...(onBoundary ? { onBoundary } : {}),
      ...(onFatal ? { onFatal } : {}),
    });
  } catch (error) {
    store.close();
    throw error;
  }
}
