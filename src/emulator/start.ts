import { randomBytes } from 'node:crypto';
import { MovableClock } from './clock.ts';
import { createControlEndpoint } from './control/endpoint.ts';
import { PrincipalRoles } from './control/principals.ts';
import { createEventDelivery } from './events.ts';
import { type WatchedVault, watchExpiries } from './expiry-watch.ts';
import { FaultBook } from './http/faults.ts';
import type { HttpHandler, Listener } from './http/listener.ts';
import { RequestLog } from './http/request-log.ts';
import { createServiceEndpoint } from './http/service-endpoint.ts';
import { TOKEN_PATH } from './identity/app-service.ts';
import { Directory } from './identity/directory.ts';
import { createAuthorityEndpoint } from './identity/endpoint.ts';
import { APP_AUDIENCE, TokenService } from './identity/tokens.ts';
import { JobRunner } from './jobs/runner.ts';
import { createJobTable } from './jobs/store.ts';
import { VaultLimits } from './limits.ts';
import type { EmulatorOptions, ReadyInfo } from './options.ts';
import { checkOptions } from './options-check.ts';
import { createRoleTables } from './rbac/role-store.ts';
import { hsmRoutes, hsmService, vaultRoutes, vaultService } from './services.ts';
import { type DataFolder, openDataFolder } from './state/data-folder.ts';
import { listenOnOwnPort } from './state/ports.ts';
import { settingOr } from './state/settings.ts';
import { serverCertificate } from './tls/certificates.ts';

export type { EmulatorOptions, HsmOptions, ReadyInfo } from './options.ts';

export type RunningEmulator = Readonly<{
  ready: ReadyInfo;
  /** Closes every listener and the data folder; jobs that run go on at the next start. */
  stop(): Promise<void>;
}>;

/**
 * Starts HSMs, vaults, the identity endpoints and the control interface on loopback ports, and goes on where the data folder was left.
 *
 * @throws {EmulatorError} for wrong options, a data folder in use, or a port that is taken
 */
export async function startEmulator(options: EmulatorOptions): Promise<RunningEmulator> {
  checkOptions(options);
  const folder = openDataFolder(options.dataDir);
  const cleanUp: (() => Promise<void> | void)[] = [folder.close];
  const stop = async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  };
  try {
    return { ready: await startIn(folder, options, cleanUp), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startIn({ path, db }: DataFolder, options: EmulatorOptions, cleanUp: (() => Promise<void> | void)[]): Promise<ReadyInfo> {
  const { hsms = [], vaults = [], storage = [], ports = {}, timeScale = 1, minBackupAgeSeconds = 0 } = options;
  createRoleTables(db);
  createJobTable(db);
  const certificate = await serverCertificate(path);
  const clock = new MovableClock(db, timeScale);
  const directory = new Directory(db);
  const faults = new FaultBook();
  const log = new RequestLog(() => clock.now());
  const limits = new VaultLimits(() => clock.now());
  const tokenHeader = settingOr(db, 'tokenHeader', () => randomBytes(24).toString('hex'));

  let authorityUrl = '';
  const authority = () => `${authorityUrl}/${directory.tenantId}`;
  const tokens = await TokenService.open(db, directory, clock, () => `${authority()}/v2.0`);
  const principals = new PrincipalRoles(
    db,
    directory,
    hsms.map(({ name }) => name),
  );

  const jobs = new JobRunner({ db, clock, storage, minBackupAgeSeconds, hsms });
  cleanUp.push(() => jobs.stop());
  const events = createEventDelivery({
    urls: options.eventsTo ?? [],
    schema: options.eventSchema ?? 'eventgrid',
    clock,
    topicFor: (vault) => vaultResourceId(directory.tenantId, vault),
    faultFor: (vault, { name }) => faults.forEvent(vault, `/secrets/${name}`),
    onFailure: (url, reason) => console.error('emulator: event not delivered', { url: withoutQuery(url), reason }),
  });
  cleanUp.push(() => events.stop());
  cleanUp.push(clock.watch(() => void events.tick()));

  const open = async (key: string, wanted: number | undefined, handle: HttpHandler, tls: boolean): Promise<Listener> => {
    const listener = await listenOnOwnPort(db, key, wanted, tls ? { handle, tls: certificate } : { handle });
    cleanUp.push(() => listener.close());
    return listener;
  };

  const authorityEndpoint = createAuthorityEndpoint({ directory, tokens, faults, log });
  authorityUrl = `https://127.0.0.1:${(await open('authority', ports['authority'], authorityEndpoint, true)).port}`;

  const shared = { tokens, authority, faults, log };
  const urls = { hsms: {} as Record<string, string>, vaults: {} as Record<string, string> };
  for (const { name } of hsms) {
    const service = hsmService(name, { db, clock, superUser: directory.defaultIdentity.objectId });
    const endpoint = createServiceEndpoint({
      ...shared,
      service,
      routes: hsmRoutes(jobs),
      admit: (method, at) => jobs.admit(name, method, at),
    });
    urls.hsms[name] = `https://127.0.0.1:${(await open(`hsm:${name}`, ports[name], endpoint, true)).port}`;
  }
  const watched: WatchedVault[] = [];
  for (const name of vaults) {
    const service = vaultService(name, { db, clock, events });
    const endpoint = createServiceEndpoint({ ...shared, service, routes: vaultRoutes(), admit: limits.admission(name) });
    urls.vaults[name] = `https://127.0.0.1:${(await open(`vault:${name}`, ports[name], endpoint, true)).port}`;
    watched.push({ service, origin: urls.vaults[name] });
  }

  const users: Record<string, string> = {};
  for (const person of directory.people) users[person.name] = (await tokens.issueForPerson(person, APP_AUDIENCE)).accessToken;

  let ready: ReadyInfo;
  const control = createControlEndpoint({ clock, faults, log, limits, directory, tokens, principals, tokenHeader, ready: () => ready });
  const controlListener = await open('control', options.port || ports['control'], control, false);
  const controlUrl = `http://127.0.0.1:${controlListener.port}`;
  ready = {
    ...urls,
    caFile: certificate.caFile,
    tokenUrl: `${controlUrl}${TOKEN_PATH}`,
    tokenHeader,
    authorityUrl,
    tenantId: directory.tenantId,
    clients: directory.principals.map(({ name, clientId, clientSecret, objectId }) => ({ name, clientId, clientSecret, objectId })),
    controlUrl,
    users,
  };
  jobs.resume();
  cleanUp.push(watchExpiries(clock, watched));
  return ready;
}

/** What events name as their topic, in the form of an Azure resource id. */
const vaultResourceId = (subscription: string, vault: string) =>
  `/subscriptions/${subscription}/resourceGroups/emulator/providers/Microsoft.KeyVault/vaults/${vault}`;

/** The query of a function's event address holds its key. */
const withoutQuery = (url: string) => url.replace(/\?.*$/, '');
