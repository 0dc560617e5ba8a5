import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { Access } from '../clients/access.ts';
import type { HsmAdministration } from '../clients/hsm-administration.ts';
import type { Config } from '../config/config.ts';
import { readConfig } from './commands/config.ts';
import { MisuseError } from './errors.ts';
import type { Io } from './io.ts';
import { readReadyFile } from './ready-file.ts';

/** Options of commands that talk straight to HSMs, vaults and storage, as whoever typed them. */
export type CallerOptions = Readonly<{ config?: string; readyFile?: string; storage?: string; json?: boolean }>;

/** Who calls, and what the configuration says there is. */
export type Caller = Readonly<{
  config: Config;
  access: Access;
  /** The account with the app's own container: its URL or, on this machine, a connection string. */
  storage: string | undefined;
}>;

export function withCallerOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON, for programs')
    .option('--config <file>', 'the configuration (HSMKEEP_CONFIG); without one, that of the local stack')
    .option('--ready-file <file>', 'ready file of the local stack, when it is not .hsmkeep/ready.json here or above');
}

/**
 * The configuration that was named, with the identity that `DefaultAzureCredential` finds; else the local stack's, as its administrator.
 *
 * @throws {MisuseError} when neither is there.
 */
export async function resolveCaller(options: CallerOptions, io: Io): Promise<Caller> {
  const storage = storageOf(options, io);
  const named = options.config !== undefined || Boolean(io.env['HSMKEEP_CONFIG']);
  const local = named && options.readyFile === undefined ? undefined : await readReadyFile(io.cwd, options.readyFile);
  if (local) {
    const { emulator, storageConnectionString } = local.ready;
    const config = await readConfig(named ? options.config : configBeside(emulator), io);
    return { config, access: await localAccess(emulator), storage: storage ?? storageConnectionString };
  }
  return { config: await readConfig(options.config, io), access: await ownAccess(), storage };
}

/** One HSM that a command names, and who calls it. */
export type NamedHsm = Readonly<{ name: string; url: string; container: string | undefined; access: Access; storage: string | undefined }>;

/**
 * The HSM that a command names.
 *
 * @param hsm A configured name; or an address such as https://contoso-hsm.managedhsm.azure.net, which needs no configuration.
 */
export async function findHsm(hsm: string, options: CallerOptions, io: Io): Promise<NamedHsm> {
  if (hsm.includes('://')) {
    const { origin, hostname } = addressOf(hsm);
    const local = options.readyFile === undefined ? undefined : await readReadyFile(io.cwd, options.readyFile);
    const access = local ? await localAccess(local.ready.emulator) : await ownAccess();
    const storage = storageOf(options, io) ?? local?.ready.storageConnectionString;
    return { name: hostname.split('.')[0] ?? hostname, url: origin, container: undefined, access, storage };
  }
  const { config, access, storage } = await resolveCaller(options, io);
  const all = [...config.hsms, ...config.drillHsms];
  const found = all.find(({ name }) => name.toLowerCase() === hsm.toLowerCase());
  if (found) return { name: found.name, url: found.url, container: found.backupTo.container, access, storage };
  throw new MisuseError(
    `No HSM named ${hsm} is configured.`,
    `Configured are: ${all.map(({ name }) => name).join(', ') || 'none'}. An address such as https://${hsm}.managedhsm.azure.net needs no configuration.`,
  );
}

/** The administration of one HSM. @param hsm As for {@link findHsm} */
export async function administrationOf(hsm: string, options: CallerOptions, io: Io): Promise<HsmAdministration> {
  const { azureHsmAdministration } = await import('../clients/azure-hsm-administration.ts');
  const { name, url, access } = await findHsm(hsm, options, io);
  return azureHsmAdministration(name, url, access);
}

const storageOf = ({ storage }: CallerOptions, { env }: Io): string | undefined => storage ?? (env['HSMKEEP_STORAGE'] || undefined);

type Emulator = Readonly<{ tokenUrl: string; tokenHeader: string; caFile: string }>;

/** The local stack keeps the configuration that it runs with in its data folder, and what the emulator has in a folder in there. */
const configBeside = ({ caFile }: Emulator): string => join(dirname(dirname(caFile)), 'config.json');

async function localAccess(emulator: Emulator): Promise<Access> {
  const { emulatorCredential } = await import('../local/emulator-credential.ts');
  return { credential: emulatorCredential(emulator), ca: readFileSync(emulator.caFile, 'utf8') };
}

async function ownAccess(): Promise<Access> {
  const { lazyCredential } = await import('../clients/access.ts');
  return { credential: lazyCredential() };
}

/** @throws {MisuseError} for what is no address of an HSM; a token goes there. */
function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.pathname === '/' && !url.search && !url.username) return url;
  throw new MisuseError(`${text} is not the address of an HSM.`, 'It looks like https://contoso-hsm.managedhsm.azure.net.');
}
