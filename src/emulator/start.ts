import { createControlEndpoint } from './control/endpoint.ts';
import { watchExpiries } from './expiry-watch.ts';
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
    users,
  };
  parts.jobs.resume();
  cleanUp.push(watchExpiries(parts.clock, vaults));
  return ready;
}

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

async function userTokens({ directory, tokens }: Parts): Promise<Record<string, string>> {
  const issued = directory.people.map(async (person) => [person.name, (await tokens.issueForPerson(person, APP_AUDIENCE)).accessToken]);
  return Object.fromEntries(await Promise.all(issued));
}
