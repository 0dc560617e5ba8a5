import { EmulatorError } from './errors.ts';
import { parseStorageAccount } from './jobs/storage-account.ts';
import type { EmulatorOptions } from './options.ts';

/** Azure's own rule is 3 to 24 characters; names for tests may be shorter or longer. */
const NAME = /^[a-zA-Z0-9](-?[a-zA-Z0-9]){0,62}$/;

const ACCOUNT_NAME = /^[a-z0-9]{3,24}$/;

/** @throws {EmulatorError} naming the first option that is wrong */
export function checkOptions({
  dataDir,
  hsms = [],
  vaults = [],
  storage = [],
  storageAccounts = [],
  applications = [],
  eventsTo = [],
  timeScale = 1,
  ...rest
}: EmulatorOptions): void {
  if (!dataDir) throw wrong('A data folder is needed.', 'Name one with --data.');
  const hsmNames = hsms.map(({ name }) => name);
  const names = [...hsmNames, ...vaults, ...applications];
  for (const name of names) {
    if (!NAME.test(name)) {
      throw wrong(
        `"${name}" cannot be the name of an HSM, a vault or an application.`,
        'Use letters, digits and single hyphens between them.',
      );
    }
  }
  for (const name of storageAccounts) {
    if (!ACCOUNT_NAME.test(name))
      throw wrong(`"${name}" cannot be the name of a storage account.`, 'Use 3 to 24 lower-case letters and digits.');
  }
  const twice = repeated(hsmNames) ?? repeated(vaults) ?? repeated(storageAccounts) ?? repeated(applications);
  if (twice) throw wrong(`The name ${twice} is used twice.`, 'Give every HSM, vault, storage account and application a name of its own.');
  if (names.length + storageAccounts.length === 0)
    throw wrong('There is nothing to emulate.', 'Name at least one --hsm, --vault, --storage-account or --application.');
  for (const connectionString of storage) parseStorageAccount(connectionString);
  for (const url of eventsTo) {
    if (!URL.canParse(url))
      throw wrong(`"${url}" is no URL to deliver events to.`, 'Such as --events-to http://127.0.0.1:7071/runtime/webhooks/eventgrid');
  }
  if (!(timeScale >= 0)) throw wrong(`The time scale ${timeScale} is not a number from 0 up.`, 'Use 1 for real durations, 0 for none.');
  if (!((rest.minBackupAgeSeconds ?? 0) >= 0))
    throw wrong('The least age of a backup must be a number of seconds from 0 up.', 'Such as --min-backup-age 1800');
}

const repeated = (names: readonly string[]) =>
  names.find((name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index);

const wrong = (message: string, hint: string) => new EmulatorError(message, hint);
