import { Command, InvalidArgumentError, Option } from 'commander';
import type { EventSchema } from './events.ts';
import type { EmulatorOptions, HsmOptions } from './options.ts';

export type ParsedArguments = Readonly<{ options: EmulatorOptions; readyFile: string | undefined }>;

type Flags = {
  data: string;
  hsm: HsmOptions[];
  vault: string[];
  storage: string[];
  storageAccount: string[];
  application: string[];
  readyFile?: string;
  port: number;
  timeScale: number;
  minBackupAge: number;
  eventsTo: string[];
  eventSchema: EventSchema;
};

const EXAMPLES = `
Examples:
  Two HSMs that can restore each other's backups, one vault, and Azurite for the backups:
    hsmkeep emulator --data .emulator --hsm contoso-hsm:emea --hsm contoso-drill:emea --vault contoso-kv \\
      --storage "$AZURITE_CONNECTION_STRING" --ready-file .emulator/ready.json
  As fast as it goes, for tests:
    hsmkeep emulator --data /tmp/emulator --hsm test-hsm --time-scale 0
  Events of the vault to a function app on this machine:
    hsmkeep emulator --data .emulator --vault contoso-kv --events-to http://127.0.0.1:7071/runtime/webhooks/eventgrid?functionName=secretNearExpiry

  A storage account and an application registration, whose keys and secrets can be rotated:
    hsmkeep emulator --data .emulator --vault contoso-kv --storage-account contosodata --application contoso-web --ready-file .emulator/ready.json

Clients: set IDENTITY_ENDPOINT and IDENTITY_HEADER to tokenUrl and tokenHeader of the ready file, and NODE_EXTRA_CA_CERTS or
REQUESTS_CA_BUNDLE to its caFile.`;

/**
 * Reads the command line.
 *
 * @param argv Without the program's name.
 * @throws {CommanderError} for wrong usage and for --help, after it was printed
 */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  const command = new Command('hsmkeep emulator')
    .description(
      'Emulates Managed HSMs, Key Vaults, keys of storage accounts, secrets of applications and the identities to reach them, on loopback ports of this machine.',
    )
    .exitOverride()
    .requiredOption('--data <dir>', 'folder that keeps all state')
    .option('--hsm <name[:domain]>', 'a Managed HSM; equal domains can restore each other (repeatable)', hsmOption, [])
    .option('--vault <name>', 'a Key Vault (repeatable)', append, [])
    .option('--storage <connection string>', "an account that the HSMs' own identity may use (repeatable)", append, [])
    .option('--storage-account <name>', 'a storage account behind Azure Resource Manager (repeatable)', append, [])
    .option('--application <name>', 'an application registration behind Microsoft Graph (repeatable)', append, [])
    .option('--ready-file <file>', 'where to write URLs and identities once all ports listen')
    .option('--port <n>', 'control port; 0 = any', wholeNumber(65_535), 0)
    .option('--time-scale <n>', 'factor on emulated durations; 0 = done at the first poll', number, 1)
    .option('--min-backup-age <seconds>', 'how old a backup must be to be restored', number, 0)
    .option('--events-to <url>', 'where to deliver the events of the vaults (repeatable)', append, [])
    .addOption(new Option('--event-schema <schema>', 'form of the events').choices(['eventgrid', 'cloudevents']).default('eventgrid'))
    .addHelpText('after', EXAMPLES);
  command.parse([...argv], { from: 'user' });

  const flags = command.opts<Flags>();
  return {
    readyFile: flags.readyFile,
    options: {
      dataDir: flags.data,
      hsms: flags.hsm,
      vaults: flags.vault,
      storage: flags.storage,
      storageAccounts: flags.storageAccount,
      applications: flags.application,
      port: flags.port,
      timeScale: flags.timeScale,
      minBackupAgeSeconds: flags.minBackupAge,
      eventsTo: flags.eventsTo,
      eventSchema: flags.eventSchema,
    },
  };
}

const append = (value: string, before: string[]) => [...before, value];

function hsmOption(value: string, before: HsmOptions[]): HsmOptions[] {
  const [name = '', domain] = value.split(':');
  return [...before, domain ? { name, domain } : { name }];
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('It must be a number from 0 up.');
  return value;
}

const wholeNumber = (most: number) => (text: string) => {
  const value = number(text);
  if (!Number.isInteger(value) || value > most) throw new InvalidArgumentError(`It must be a whole number from 0 to ${most}.`);
  return value;
};
