import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalStorage } from './azurite.ts';
import { startChild, waitUntilReady } from './child.ts';
import type { DataFolder } from './data-folder.ts';
import { type EmulatorReady, readJson } from './emulator.ts';
import type { StartPart } from './part.ts';
import { hostScript, projectFolder } from './paths.ts';
import type { DutyIdentities } from './provision.ts';

/** The host's ready file, as far as the stack reads it. */
export type HostReady = Readonly<{
  /** Without the prefix: `http://127.0.0.1:7071`. */
  apiUrl: string;
  /** With its key, and `{functionName}` to be replaced. */
  eventGridUrl: string;
}>;

export type HostSurroundings = Readonly<{ storage: LocalStorage; emulator: EmulatorReady; identities: DutyIdentities; port: number }>;

/** Starts the function app in the local host, with all three duties, each with its own identity. Its clock follows the emulator's. */
export async function startHost(
  folder: DataFolder,
  { storage, emulator, identities, port }: HostSurroundings,
  part: StartPart,
): Promise<HostReady> {
  rmSync(folder.hostReadyFile, { force: true });
  const child = startChild({
    name: 'function host',
    script: hostScript,
    args: ['--app', projectFolder, '--data', folder.host, '--port', String(port), '--ready-file', folder.hostReadyFile],
    env: {
      ...part.env,
      NODE_EXTRA_CA_CERTS: emulator.caFile,
      IDENTITY_ENDPOINT: emulator.tokenUrl,
      IDENTITY_HEADER: emulator.tokenHeader,
      AzureWebJobsStorage: storage.connectionString,
      HSMKEEP_CONFIG: folder.configFile,
      HSMKEEP_STORAGE: storage.connectionString,
      HSMKEEP_DUTIES: 'backup,restore,rotate',
      HSMKEEP_IDENTITY_BACKUP: identities.backup,
      HSMKEEP_IDENTITY_RESTORE: identities.restore,
      HSMKEEP_IDENTITY_ROTATE: identities.rotate,
      HSMKEEP_CLOCK_URL: `${emulator.controlUrl}/_emulator/clock`,
    },
    cwd: projectFolder,
    logFile: join(folder.logs, 'host.log'),
  });
  part.started(child);
  return waitUntilReady(child, () => readJson<HostReady>(folder.hostReadyFile), part);
}
