import { join } from 'node:path';
import { type BlobService, startBlobService } from './arm/blob-service.ts';
import { accountId, createArmEndpoint } from './arm/endpoint.ts';
import { createControlEndpoint } from './control/endpoint.ts';
import { watchExpiries } from './expiry-watch.ts';
import { createGraphEndpoint } from './graph/endpoint.ts';
import type { HttpHandler } from './http/listener.ts';
import { createServiceEndpoint } from './http/service-endpoint.ts';
import { TOKEN_PATH } from './identity/app-service.ts';
import { Directory } from './identity/directory.ts';
import { createAuthorityEndpoint } from './identity/endpoint.ts';
import { APP_AUDIENCE } from './identity/tokens.ts';
import type { EmulatorOptions, ReadyInfo } from './options.ts';
import { checkOptions } from './options-check.ts';
import { createParts, type Parts } from './parts.ts';
import { hsmRoutes, hsmService, vaultRoutes, vaultService } from './services.ts';
import { type DataFolder, openDataFolder } from './state/data-folder.ts';
import { listenOnOwnPort } from './state/ports.ts';
import { serverCertificate } from './tls/certificates.ts';

export type { EmulatorOptions, HsmOptions, ReadyInfo } from './options.ts';

export type RunningEmulator = Readonly<{
  ready: ReadyInfo;
  /** Closes every listener and the data folder; jobs that run go on at the next start. */
  stop(): Promise<void>;
}>;

/** What is to be undone when the emulator stops, or cannot start; in the order in which it was done. */
type CleanUp = (() => Promise<void> | void)[];

/**
 * Starts HSMs, vaults, the identity endpoints and the control interface on loopback ports, and goes on where the data folder was left.
 *
 * @throws {EmulatorError} for wrong options, a data folder in use, or a port that is taken
 */
export async function startEmulator(options: EmulatorOptions): Promise<RunningEmulator> {
  checkOptions(options);
  const folder = openDataFolder(options.dataDir);
  const cleanUp: CleanUp = [folder.close];
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

async function startIn(folder: DataFolder, options: EmulatorOptions, cleanUp: CleanUp): Promise<ReadyInfo> {
  const certificate = await serverCertificate(folder.path);
  const directory = new Directory(folder.db);
  let authorityUrl = '';
  const authority = () => `${authorityUrl}/${directory.tenantId}`;
  const parts = await createParts(folder, directory, options, authority);
  cleanUp.push(parts.stop);

  /** Opens a listener and returns its URL. */
  const open = async (key: string, wanted: number | undefined, handle: HttpHandler, tls = true): Promise<string> => {
    const listener = await listenOnOwnPort(folder.db, key, wanted, tls ? { handle, tls: certificate } : { handle });
    cleanUp.push(() => listener.close());
    return `${tls ? 'https' : 'http'}://127.0.0.1:${listener.port}`;
  };

  // First: every challenge and every token names its URL.
  authorityUrl = await open('authority', options.ports?.['authority'], createAuthorityEndpoint(parts));
  const hsms = await openHsms(folder, options, parts, authority, open);
  const vaults = await openVaults(folder, options, parts, authority, open);
  const arm = await openArm(folder, options, { ...parts, authorityUrl }, open, cleanUp);
  const graph = await openGraph(options, parts, open);
  const users = await userTokens(parts);

  let ready: ReadyInfo;
  const control = createControlEndpoint({ ...parts, ready: () => ready });
  const controlUrl = await open('control', options.port || options.ports?.['control'], control, false);
  ready = {
    hsms,
    vaults: Object.fromEntries(vaults.map(({ service, origin }) => [service.name, origin])),
    caFile: certificate.caFile,
    tokenUrl: `${controlUrl}${TOKEN_PATH}`,
    tokenHeader: parts.tokenHeader,
    authorityUrl,
    tenantId: directory.tenantId,
    clients: directory.principals.map(({ name, clientId, clientSecret, objectId }) => ({ name, clientId, clientSecret, objectId })),
    controlUrl,
    ...arm,
    ...graph,
    users,
  };
  parts.jobs.resume();
  cleanUp.push(watchExpiries(parts.clock, vaults));
  return ready;
}

/** How long a regenerated storage key needs until the data plane knows it. */
const KEY_PROPAGATION_MS = 60_000;

type Open = (key: string, wanted: number | undefined, handle: HttpHandler) => Promise<string>;

async function openHsms({ db }: DataFolder, { hsms = [], ports = {} }: EmulatorOptions, parts: Parts, authority: () => string, open: Open) {
  const { clock, directory, jobs } = parts;
  const urls: Record<string, string> = {};
  for (const { name } of hsms) {
    const service = hsmService(name, { db, clock, superUser: directory.defaultIdentity.objectId });
    const admit = (method: string, path: string) => jobs.admit(name, method, path);
    urls[name] = await open(
      `hsm:${name}`,
      ports[name],
      createServiceEndpoint({ ...parts, authority, service, routes: hsmRoutes(jobs), admit }),
    );
  }
  return urls;
}

async function openVaults(
  { db }: DataFolder,
  { vaults = [], ports = {} }: EmulatorOptions,
  parts: Parts,
  authority: () => string,
  open: Open,
) {
  const { clock, events, limits } = parts;
  const opened = [];
  for (const name of vaults) {
    const service = vaultService(name, { db, clock, events });
    const endpoint = createServiceEndpoint({ ...parts, authority, service, routes: vaultRoutes(), admit: limits.admission(name) });
    opened.push({ service, origin: await open(`vault:${name}`, ports[name], endpoint) });
  }
  return opened;
}

async function openArm(
  { path }: DataFolder,
  { storageAccounts = [], ports = {} }: EmulatorOptions,
  parts: Parts & Readonly<{ authorityUrl: string }>,
  open: Open,
  cleanUp: CleanUp,
): Promise<Pick<ReadyInfo, 'armUrl' | 'storageAccounts'>> {
  const { accounts, clock, directory } = parts;
  // The emulated tenant has one subscription, of the same id.
  const [tenant, subscription] = [directory.tenantId, directory.tenantId];
  const openArmWith = (blobs?: BlobService) => open('arm', ports['arm'], createArmEndpoint({ ...parts, tenant, subscription, blobs }));
  if (storageAccounts.length === 0) return { armUrl: await openArmWith() };

  const blobs = await startBlobService({
    accounts: accounts.forAzurite(),
    location: join(path, 'storage-accounts'),
    propagationMs: clock.scaled(KEY_PROPAGATION_MS),
  });
  cleanUp.push(() => blobs.stop());
  const armUrl = await openArmWith(blobs);
  const described = storageAccounts.map((name) => [name, { id: accountId(subscription, name), blobEndpoint: `${blobs.origin}/${name}` }]);
  return { armUrl, storageAccounts: Object.fromEntries(described) };
}

async function openGraph(
  { applications = [], ports = {} }: EmulatorOptions,
  parts: Parts,
  open: Open,
): Promise<Pick<ReadyInfo, 'graphUrl' | 'applications'>> {
  if (applications.length === 0) return {};
  const graphUrl = await open('graph', ports['graph'], createGraphEndpoint(parts));
  return { graphUrl, applications: Object.fromEntries(parts.applications.list().map(({ name, ...rest }) => [name, rest])) };
}

async function userTokens({ directory, tokens }: Parts): Promise<Record<string, string>> {
  const issued = directory.people.map(async (person) => [person.name, (await tokens.issueForPerson(person, APP_AUDIENCE)).accessToken]);
  return Object.fromEntries(await Promise.all(issued));
}
