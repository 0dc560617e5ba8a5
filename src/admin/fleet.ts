import type { Access } from '../clients/access.ts';
import { parseStorage } from '../clients/azure-blob-store.ts';
import { azureContainer, type Container } from '../clients/azure-container.ts';
import { azureHsmAdministration } from '../clients/azure-hsm-administration.ts';
import { type Clients, createClients } from '../clients/clients.ts';
import type { HsmAdministration } from '../clients/hsm-administration.ts';
import type { Config } from '../config/config.ts';
import { CANARY_KEY } from '../domain/canary.ts';
import { parseDocument } from '../domain/documents.ts';
import { type Arm, armPath } from '../domain/rights/arm.ts';
import { grantScopes, type ServedHsm, servedHsms } from '../domain/rights/grants.ts';
import type { HsmRoles, Principals } from '../domain/rights/setup-plan.ts';

/** Containers of the app's own account. */
const APP_CONTAINERS = ['hsmkeep', 'hsmkeep-audit'];

export type FleetOptions = Readonly<{
  config: Config;
  /** Whoever typed the command. */
  access: Access;
  /** The account with the app's own container; undefined when it was not named. */
  storage: string | undefined;
  principals: Principals;
}>;

/** All that the configuration names, as an administrator reaches it. */
export type Fleet = FleetOptions &
  Readonly<{
    hsms: readonly ServedHsm[];
    administration(hsm: string): HsmAdministration;
    clients: Clients;
    /** Every container that setup makes, each once; the app's own only when its account was named. */
    containers: readonly Container[];
    /** Containers of second copies: they come with their time policy, so setup makes none. */
    copies: readonly Container[];
  }>;

export function openFleet(options: FleetOptions): Fleet {
  const { config, access, storage } = options;
  const hsms = [...config.hsms, ...config.drillHsms];
  // Something must be the app's account; without it none of its documents is asked for.
  const account = storage ?? hsms[0]?.backupTo.container.replace(/\/[^/]+$/, '') ?? '';
  const own = parseStorage(account);
  const administrations = new Map(hsms.map(({ name, url }) => [name, azureHsmAdministration(name, url, access)]));
  const urls = [
    ...(storage === undefined ? [] : APP_CONTAINERS.map((name) => `${own.blobEndpoint}/${name}`)),
    ...hsms.map(({ backupTo }) => backupTo.container),
  ];
  const containersAt = (all: readonly string[]) => [...new Set(all)].map((url) => azureContainer(url, access.credential, own));
  return {
    ...options,
    hsms: servedHsms(config, CANARY_KEY),
    administration: (hsm) => administrations.get(hsm) as HsmAdministration,
    clients: createClients({ config, storage: account, duties: ['backup'], identities: {} }, 'backup', access),
    containers: containersAt(urls),
    copies: containersAt(hsms.flatMap(({ immutableCopy }) => immutableCopy?.container ?? [])),
  };
}

/** The roles of an HSM and who has them, also on the keys that hsmkeep uses. @throws {RefusedError} {TransientError} */
export async function readRoles({ administration }: Fleet, hsm: ServedHsm): Promise<HsmRoles> {
  const admin = administration(hsm.name);
  const [definitions, ...lists] = await Promise.all([
    admin.roleDefinitions(),
    ...grantScopes(hsm).map((scope) => admin.roleAssignments(scope)),
  ]);
  return { definitions, assignments: lists.flat() };
}

/** Whether the right to restore was given for hours; `unknown` when the app's account was not named. */
export async function readArm({ storage, clients }: Fleet, hsm: string): Promise<Arm | null | 'unknown'> {
  if (storage === undefined) return 'unknown';
  const path = armPath(hsm);
  const document = await clients.documents.read(path);
  return document ? parseDocument<Arm>(document.text, 'hsmkeep.arm/1', path) : null;
}
