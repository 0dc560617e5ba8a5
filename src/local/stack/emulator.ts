import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, waitUntilReady } from './child.ts';
import type { DataFolder } from './data-folder.ts';
import type { StartPart } from './part.ts';
import { emulatorScript } from './paths.ts';

/** The emulator's ready file, as far as the stack reads it. */
export type EmulatorReady = Readonly<{
  /** HSM and vault names with their URLs. */
  hsms: Readonly<Record<string, string>>;
  vaults: Readonly<Record<string, string>>;
  caFile: string;
  tokenUrl: string;
  tokenHeader: string;
  authorityUrl: string;
  tenantId: string;
  controlUrl: string;
  armUrl?: string;
  storageAccounts?: Readonly<Record<string, Readonly<{ id: string; blobEndpoint: string }>>>;
  graphUrl?: string;
  applications?: Readonly<Record<string, Readonly<{ id: string; clientId: string; clientSecret: string }>>>;
  /** The emulated people and their access tokens for the API. */
  users: Readonly<Record<string, string>>;
}>;

/** All share one security domain: each takes the others' backups. */
export const DEMO_HSMS = ['contoso-hsm', 'fabrikam-hsm'] as const;
/** There for drills of the first of them only. */
export const DEMO_DRILL_HSM = 'contoso-drill-hsm';
export const DEMO_DOMAIN = 'contoso';
export const DEMO_VAULT = 'contoso-kv';
/** Keeps what is on its way into the other. */
export const DEMO_ESCROW_VAULT = 'contoso-escrow';
const DEMO_STORAGE_ACCOUNT = 'contosodata';
const DEMO_APPLICATION = 'contoso-web';

/** A backup of an emulated HSM then takes about a second. */
const TIME_SCALE = 0.1;

/** Starts the emulator on the data folder; its HSMs may write to the storage account. */
export async function startEmulator(folder: DataFolder, connectionString: string, part: StartPart): Promise<EmulatorReady> {
  rmSync(folder.emulatorReadyFile, { force: true });
  const child = startChild({
    name: 'emulator',
    script: emulatorScript,
    args: [
      ...['--data', folder.emulator],
      ...[...DEMO_HSMS, DEMO_DRILL_HSM].flatMap((hsm) => ['--hsm', `${hsm}:${DEMO_DOMAIN}`]),
      ...['--vault', DEMO_VAULT, '--vault', DEMO_ESCROW_VAULT],
      ...['--storage-account', DEMO_STORAGE_ACCOUNT, '--application', DEMO_APPLICATION],
      ...['--storage', connectionString],
      ...['--time-scale', String(TIME_SCALE)],
      ...['--ready-file', folder.emulatorReadyFile],
    ],
    env: part.env,
    cwd: folder.path,
    logFile: join(folder.logs, 'emulator.log'),
  });
  part.started(child);
  return waitUntilReady(child, () => readJson<EmulatorReady>(folder.emulatorReadyFile), part);
}

/** A ready file is written in one step: once it is there it is whole. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
