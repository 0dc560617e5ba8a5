import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import type { Run } from '../../src/domain/run.ts';
import { type RunningAzurite, startAzurite } from './azurite.ts';
import { startTestEmulator, type TestEmulator } from './emulator.ts';
import { type StorageProxy, startStorageProxy } from './storage-proxy.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const HOST = join(ROOT, 'dist', 'local', 'host', 'main.js');
const DEADLINE_MS = 50_000;
/** A run may have to sit out the deadlines of several requests. */
const RUN_DEADLINE_MS = 110_000;

/** Where the vaults of a test keep what is on its way. */
export const ESCROW_VAULT = 'contoso-escrow';

export type AppStackOptions = Readonly<{
  hsms?: readonly string[];
  /** Security domains of HSMs, by name; `emea` where none is named. */
  domains?: Readonly<Record<string, string>>;
  timeScale?: number;
  /** Changes to the generated configuration, below each HSM; by its name where they differ. */
  hsm?: Readonly<Record<string, unknown>> | ((name: string) => Readonly<Record<string, unknown>>);
  /** Changes below one HSM, by its name; they come after those to all. */
  each?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** HSMs that are there for drills only. */
  drillHsms?: readonly string[];
  /** Key Vaults; with any, there is also `contoso-escrow`, in which they keep what is on its way. */
  vaults?: readonly string[];
  /** Storage accounts and application registrations of the emulator; the vaults may rotate all of them. */
  storageAccounts?: readonly string[];
  applications?: readonly string[];
  /** Further targets that the vaults may rotate. */
  alsoTargets?: readonly string[];
  /** Changes to the generated configuration, below each vault. */
  vault?: Readonly<Record<string, unknown>>;
  /** More of the generated configuration, beside HSMs and vaults; made when the vaults listen. */
  more?: (ready: TestEmulator['ready']) => Readonly<Record<string, unknown>>;
  /** False: nothing is started by time, as sweeps and nights are. */
  timers?: boolean;
  /** There is a queue service, too. */
  queue?: boolean;
  /** Changes to the settings of the host. */
  env?: Readonly<Record<string, string>>;
  /** Second copies, locked for so many days, into a container for each HSM. */
  copyDays?: number;
  /** Storage is reached through a proxy that can refuse what Azurite never does. */
  proxied?: boolean;
  /** The storage account lies on disk: for tests that write tens of thousands of blobs. */
  onDisk?: boolean;
  /** False: the storage account does not know the HSMs' own identity. */
  hsmMayWrite?: boolean;
  /** Roles of the identity of the backup duty, for tests that take a right away. */
  backupRoles?: readonly { scope: string; role?: string; dataActions?: readonly string[] }[];
  /** The folder of the function app; by default the project itself, as it was built. */
  app?: string;
}>;

/** The whole product on this machine: Azurite, the emulator in this process, the app in a host process that can be killed. */
export type AppStack = Readonly<{
  emulator: TestEmulator;
  azurite: RunningAzurite;
  /** The account that everything lies in. */
  service: BlobServiceClient;
  /** The container that an HSM's backups go to. */
  container(hsm: string): ContainerClient;
  /** The container of an HSM's second copies. */
  copies(hsm: string): ContainerClient;
  /** Only when proxied. */
  proxy: StorageProxy | undefined;
  /** The app's own container. */
  documents: ContainerClient;
  /** The configuration that the host was started with; another is a setting of the next start. */
  config: Readonly<{ hsms: readonly Readonly<Record<string, unknown>>[] }>;
  /** The container of the audit trail. */
  auditTrail: ContainerClient;
  startHost(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves when the host process is gone, by its own doing or another's. */
  hostGone(): Promise<void>;
  killHost(): Promise<void>;
  /** The host's process id. */
  hostPid(): number;
  /** The folder in which the host keeps its histories. */
  hostData: string;
  /** What the host has printed so far, over all its lives. */
  hostLog(): string;
  api(path: string, options?: ApiOptions): Promise<ApiAnswer>;
  /** Where the command line finds the API; another place after a restart. */
  apiUrl(): string;
  /** Starts a backup now; resolves to the run's id. */
  backupNow(hsm: string): Promise<string>;
  /** Waits for the end of a run, across restarts of the host. */
  runEnd(id: string): Promise<Run>;
  /** Moves the emulated clock on, step by step, until told to stop: waits of hours pass in seconds. */
  hurry(stepMs?: number): () => Promise<void>;
  /** The backup folders of an HSM. */
  folders(hsm: string): Promise<string[]>;
  document<T>(container: ContainerClient, path: string): Promise<T | undefined>;
  /** How many activities an orchestration has scheduled, retries counted. */
  activityTurns(id: string): Promise<number>;
  /** Delivers an event as Event Grid does; resolves to the status of the answer. */
  announce(event: Readonly<Record<string, unknown>>): Promise<number>;
  /** Raises an event straight into an orchestration, as whoever has the host's key can. */
  raiseEvent(id: string, name: string, content: unknown): Promise<void>;
  stop(): Promise<void>;
}>;

/** `as`: whose token; null = none. */
export type ApiOptions = Readonly<{
  method?: string;
  as?: string | null;
  token?: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}>;
// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by assertions, which fail on anything unexpected.
export type ApiAnswer = Readonly<{ status: number; headers: Headers; body: any; text: string }>;

export async function startAppStack({
  hsms: keptHsms = ['contoso-hsm'],
  drillHsms = [],
  timeScale = 0,
  hsm = {},
  each = {},
  vaults = [],
  vault = {},
  storageAccounts = [],
  applications = [],
  alsoTargets = [],
  queue = false,
  timers = true,
  more = () => ({}),
  env = {},
  backupRoles,
  hsmMayWrite = true,
  domains = {},
  app = ROOT,
  copyDays,
  proxied = false,
  onDisk = false,
}: AppStackOptions = {}): Promise<AppStack> {
  const hsms = [...keptHsms, ...drillHsms];
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-app-'));
  const azurite = await startAzurite({ queue, folder: onDisk ? join(folder, 'storage') : undefined });
  const proxy = proxied ? await startStorageProxy(azurite.connectionString) : undefined;
  const connectionString = proxy?.connectionString ?? azurite.connectionString;
  const emulator = await startTestEmulator({
    dataDir: join(folder, 'emulator'),
    hsms: hsms.map((name) => ({ name, domain: domains[name] ?? 'emea' })),
    vaults: vaults.length > 0 ? [...vaults, ESCROW_VAULT] : ['contoso-kv'],
    storage: hsmMayWrite ? [connectionString] : [],
    storageAccounts,
    applications,
    timeScale,
  });
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  const container = (name: string) => blobs.getContainerClient(`backups-${name}`);
  const copies = (name: string) => blobs.getContainerClient(`copies-${name}`);
  const documents = blobs.getContainerClient('hsmkeep');
  const perHsm = copyDays === undefined ? [container] : [container, copies];
  await Promise.all([
    documents.create(),
    blobs.getContainerClient('hsmkeep-audit').create(),
    ...hsms.flatMap((name) => perHsm.map((of) => of(name).create())),
  ]);

  const identities = await makeIdentities(emulator, hsms, backupRoles);
  const config = {
    tenantId: emulator.ready.tenantId,
    audience: 'api://hsmkeep',
    ...more(emulator.ready),
    endpoints: {
      authority: emulator.ready.authorityUrl,
      ...(emulator.ready.armUrl && { arm: emulator.ready.armUrl }),
      ...(emulator.ready.graphUrl && { graph: emulator.ready.graphUrl }),
    },
    // Only what a test asks for is due: this schedule comes once in four years.
    hsms: keptHsms.map((name) => ({
      name,
      url: emulator.ready.hsms[name],
      schedule: '0 0 0 29 2 *',
      backupTo: { container: container(name).url },
      ...(copyDays !== undefined && { immutableCopy: { container: copies(name).url, days: copyDays } }),
      ...(typeof hsm === 'function' ? hsm(name) : hsm),
      ...each[name],
    })),
    drillHsms: drillHsms.map((name) => ({
      name,
      url: emulator.ready.hsms[name],
      backupTo: { container: container(name).url },
      ...each[name],
    })),
    vaults: vaults.map((name) => ({
      name,
      url: emulator.ready.vaults[name],
      rotation: 'on',
      escrowVault: emulator.ready.vaults[ESCROW_VAULT],
      // Which secrets are checked in an hour depends on the date.
      checkDays: 0,
      targets: [
        ...Object.values(emulator.ready.storageAccounts ?? {}).map(({ id }) => id),
        ...Object.values(emulator.ready.applications ?? {}).map(({ id }) => `/applications/${id}`),
        ...alsoTargets,
      ],
      ...vault,
    })),
  };
  const settings = {
    NODE_EXTRA_CA_CERTS: emulator.ready.caFile,
    IDENTITY_ENDPOINT: emulator.ready.tokenUrl,
    IDENTITY_HEADER: emulator.ready.tokenHeader,
    AzureWebJobsStorage: connectionString,
    HSMKEEP_CONFIG: JSON.stringify(config),
    HSMKEEP_STORAGE: connectionString,
    HSMKEEP_DUTIES: 'backup,restore,rotate',
    HSMKEEP_IDENTITY_BACKUP: identities.backup,
    HSMKEEP_IDENTITY_RESTORE: identities.restore,
    HSMKEEP_IDENTITY_ROTATE: identities.rotate,
    HSMKEEP_CLOCK_URL: `${emulator.ready.controlUrl}/_emulator/clock`,
    'AzureWebJobs.fiveMinutesPassed.Disabled': String(!timers),
    ...env,
  };

  let host: ChildProcess | undefined;
  let apiUrl: string | undefined = '';
  let eventGridUrl: string | undefined = '';
  let masterKey: string | undefined = '';
  let log = '';
  const readyFile = join(folder, 'host-ready.json');

  const startHost = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    rmSync(readyFile, { force: true });
    const child = spawn(process.execPath, [HOST, '--app', app, '--data', join(folder, 'host'), '--ready-file', readyFile], {
      env: { ...process.env, ...settings, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    host = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk));
    await until('the host to be ready', () => {
      // One that kills itself at a boundary may be gone before anybody sees it ready.
      if (hasEnded(child)) return child.signalCode === 'SIGKILL' || fail(`the host ended: ${log.slice(-2000)}`);
      if (!existsSync(readyFile)) return false;
      ({ apiUrl, eventGridUrl, masterKey } = JSON.parse(readFileSync(readyFile, 'utf8')) as Record<string, string>);
      return true;
    });
  };
  const hostGone = async (): Promise<void> => {
    if (host && !hasEnded(host)) await once(host, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) });
  };
  const killHost = async (): Promise<void> => {
    host?.kill('SIGKILL');
    await hostGone();
  };

  const api = async (path: string, { method = 'GET', as = 'alice', token, body, headers = {} }: ApiOptions = {}): Promise<ApiAnswer> => {
    const bearer = token ?? (as === null ? undefined : await emulator.control.userToken({ user: as }));
    const answer = await fetch(`${apiUrl}/api${path}`, {
      method,
      headers: {
        ...(bearer && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: parse(text) };
  };

  /** A run tells its end a moment before its orchestration is over; asked for another one in between, the app names the one that runs. */
  const isInstanceOver = async (id: string): Promise<boolean> => {
    const url = `${apiUrl}/runtime/webhooks/durabletask/instances/${id}?code=${encodeURIComponent(String(masterKey))}`;
    const { status } = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
    return status !== 202;
  };

  const runEnd = async (id: string): Promise<Run> => {
    let ended: Run | undefined;
    await until(
      `the end of ${id}`,
      async () => {
        const answer = await api(`/runs/${id}`).catch(() => undefined);
        ended = answer?.status === 200 && answer.body.endedAt ? (answer.body as Run) : undefined;
        return ended !== undefined && (await isInstanceOver(id).catch(() => false));
      },
      RUN_DEADLINE_MS,
    );
    return ended as Run;
  };

  await startHost();
  return {
    emulator,
    azurite,
    service: blobs,
    container,
    copies,
    proxy,
    documents,
    config,
    auditTrail: blobs.getContainerClient('hsmkeep-audit'),
    startHost,
    hostGone,
    killHost,
    hostPid: () => host?.pid ?? fail('there is no host'),
    hostData: join(folder, 'host'),
    hostLog: () => log,
    api,
    apiUrl: () => String(apiUrl),
    runEnd,
    async backupNow(name) {
      const answer = await api(`/hsms/${name}/backups`, { method: 'POST' });
      if (answer.status !== 202) throw new Error(`No backup was started: ${answer.status} ${answer.text}`);
      return answer.body.runId;
    },
    hurry(stepMs = 5_000) {
      let stopped = false;
      const hurrying = (async () => {
        while (!stopped) {
          await emulator.control.moveClock({ advanceMs: stepMs });
          await delay(50);
        }
      })();
      return async () => {
        stopped = true;
        await hurrying;
      };
    },
    async folders(name) {
      const found: string[] = [];
      for await (const item of container(name).listBlobsByHierarchy('/', { prefix: 'mhsm-' }))
        if (item.kind === 'prefix') found.push(item.name.replace(/\/$/, ''));
      return found;
    },
    async document<T>(from: ContainerClient, path: string): Promise<T | undefined> {
      const blob = from.getBlobClient(path);
      return (await blob.exists()) ? (JSON.parse((await blob.downloadToBuffer()).toString('utf8')) as T) : undefined;
    },
    async activityTurns(id) {
      const answer = await fetch(
        `${apiUrl}/runtime/webhooks/durabletask/instances/${id}?showHistory=true&code=${encodeURIComponent(String(masterKey))}`,
      );
      const { historyEvents } = (await answer.json()) as { historyEvents: { EventType: string }[] };
      return historyEvents.filter(({ EventType }) => /^Task(Scheduled|Completed|Failed)$/.test(EventType)).length;
    },
    async announce(event) {
      const answer = await fetch(String(eventGridUrl).replace('{functionName}', 'secretEvent'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
        body: JSON.stringify([event]),
      });
      return answer.status;
    },
    async raiseEvent(id, name, content) {
      const url = `${apiUrl}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/${name}?code=${encodeURIComponent(String(masterKey))}`;
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) });
      if (!answer.ok) throw new Error(`The event was not taken: ${answer.status} ${await answer.text()}`);
    },
    async stop() {
      await killHost();
      await emulator.stop();
      await proxy?.stop();
      await azurite.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each duty with the rights of the design, and nothing more. */
async function makeIdentities({ control }: TestEmulator, hsms: readonly string[], backupRoles?: AppStackOptions['backupRoles']) {
  const on = (roles: readonly object[]) => hsms.flatMap((hsm) => roles.map((role) => ({ hsm, ...role })));
  const backup = await control.principal({
    name: 'test-backup',
    roles: on(
      backupRoles ?? [
        { scope: '/', role: 'Backup User' },
        { scope: '/', role: 'Crypto Auditor' },
      ],
    ),
  });
  const restore = await control.principal({ name: 'test-restore', roles: on([{ scope: '/', role: 'Restore User' }]) });
  const rotate = await control.principal({ name: 'test-rotate', roles: [] });
  return { backup: backup.clientId, restore: restore.clientId, rotate: rotate.clientId };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

function fail(message: string): never {
  throw new Error(message);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks until it holds; a process of ours has no event for it. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = DEADLINE_MS): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited ${deadlineMs / 1000} s in vain for ${what}.`);
    await delay(25);
  }
}
