import { randomBytes } from 'node:crypto';
import { StorageAccounts } from './arm/accounts.ts';
import { MovableClock } from './clock.ts';
import { PrincipalRoles } from './control/principals.ts';
import { createEventDelivery, type EventDelivery } from './events.ts';
import { Applications } from './graph/applications.ts';
import { FaultBook } from './http/faults.ts';
import { RequestLog } from './http/request-log.ts';
import type { Directory } from './identity/directory.ts';
import { TokenService } from './identity/tokens.ts';
import { JobRunner } from './jobs/runner.ts';
import { createJobTable } from './jobs/store.ts';
import { VaultLimits } from './limits.ts';
import type { EmulatorOptions } from './options.ts';
import { createRoleTables } from './rbac/role-store.ts';
import type { DataFolder } from './state/data-folder.ts';
import { settingOr } from './state/settings.ts';

/** What the listeners of one emulator share. */
export type Parts = Readonly<{
  clock: MovableClock;
  directory: Directory;
  tokens: TokenService;
  principals: PrincipalRoles;
  faults: FaultBook;
  log: RequestLog;
  limits: VaultLimits;
  jobs: JobRunner;
  events: EventDelivery;
  accounts: StorageAccounts;
  applications: Applications;
  /** What `IDENTITY_HEADER` must be. */
  tokenHeader: string;
  /** Lets go of the jobs and events under way. */
  stop(): Promise<void>;
}>;

/**
 * Makes the parts on the state in a data folder, creating what is missing there.
 *
 * @param authority `https://host:port/<tenant>`; asked for late, since its port is known last.
 */
export async function createParts(
  { db }: DataFolder,
  directory: Directory,
  options: EmulatorOptions,
  authority: () => string,
): Promise<Parts> {
  const {
    hsms = [],
    storage = [],
    storageAccounts = [],
    applications = [],
    eventsTo = [],
    eventSchema = 'eventgrid',
    timeScale = 1,
    minBackupAgeSeconds = 0,
  } = options;
  createRoleTables(db);
  createJobTable(db);
  const clock = new MovableClock(db, timeScale);
  const now = () => clock.now();
  const faults = new FaultBook();
  const jobs = new JobRunner({ db, clock, storage, minBackupAgeSeconds, hsms });
  const events = createEventDelivery({
    urls: eventsTo,
    schema: eventSchema,
    clock,
    topicFor: (vault) => vaultResourceId(directory.tenantId, vault),
    faultFor: (vault, { name }) => faults.forEvent(vault, `/secrets/${name}`),
    onFailure: (url, reason) => console.error('emulator: event not delivered', { url: withoutQuery(url), reason }),
  });
  const forgetTicks = clock.watch(() => void events.tick());

  const hsmNames = hsms.map(({ name }) => name);
  return {
    clock,
    directory,
    tokens: await TokenService.open(db, directory, clock, () => `${authority()}/v2.0`),
    principals: new PrincipalRoles(db, directory, hsmNames),
    faults,
    log: new RequestLog(now),
    limits: new VaultLimits(now),
    jobs,
    events,
    accounts: new StorageAccounts(db, clock, storageAccounts),
    applications: new Applications(db, clock, applications),
    tokenHeader: settingOr(db, 'tokenHeader', () => randomBytes(24).toString('hex')),
    stop: async () => {
      forgetTicks();
      events.stop();
      await jobs.stop();
    },
  };
}

/** What events name as their topic, in the form of an Azure resource id. */
const vaultResourceId = (subscription: string, vault: string) =>
  `/subscriptions/${subscription}/resourceGroups/emulator/providers/Microsoft.KeyVault/vaults/${vault}`;

/** The query of a function's event address holds its key. */
const withoutQuery = (url: string) => url.replace(/\?.*$/, '');
