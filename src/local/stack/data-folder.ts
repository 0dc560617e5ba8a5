import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../../domain/errors.ts';

/** Where the local stack keeps what; all below one folder, which git ignores. */
export type DataFolder = Readonly<{
  path: string;
  /** Azurite's data, and the account key made for it. */
  storage: string;
  accountKeyFile: string;
  portsFile: string;
  /** The ports of the servers whose credentials are rotated. */
  targetPortsFile: string;
  emulator: string;
  emulatorReadyFile: string;
  host: string;
  hostReadyFile: string;
  /** The configuration that the function app runs with; written anew by each start. */
  configFile: string;
  logs: string;
  /** Gives the folder back. */
  release(): void;
}>;

/** SQLite's code for "another connection holds the lock". */
const SQLITE_BUSY = 5;

/**
 * Makes the folder when missing and takes it for this process alone. The lock is SQLite's, so the system drops it with the process,
 * however that ends.
 *
 * @throws {OperatorError} naming the holder when another stack uses the folder.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const inside = (...names: string[]): string => join(path, ...names);
  const folders = { storage: inside('storage'), emulator: inside('emulator'), host: inside('host'), logs: inside('logs') };
  try {
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new OperatorError(`The data folder ${path} cannot be made: ${(error as Error).message}.`, 'Name another one with --data.', {
      cause: error,
    });
  }

  const release = await lock(path);
  return {
    path,
    ...folders,
    accountKeyFile: inside('storage.key'),
    portsFile: inside('ports.json'),
    targetPortsFile: inside('targets.json'),
    emulatorReadyFile: inside('emulator', 'ready.json'),
    hostReadyFile: inside('host', 'ready.json'),
    configFile: inside('config.json'),
    release,
  };
}

async function lock(path: string): Promise<() => void> {
  const { DatabaseSync } = await importSqlite();
  const holderFile = join(path, 'stack.holder');
  const database = new DatabaseSync(join(path, 'stack.lock'));
  try {
    database.exec('pragma journal_mode = delete; begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new OperatorError(
      `The data folder ${path} is in use by another local stack${holder(holderFile)}.`,
      'Use that one (npx hsmkeep hsm list), stop it, or give this one a folder of its own with --data.',
    );
  }
  writeFileSync(holderFile, `process ${process.pid}, since ${new Date().toISOString()}\n`);
  return () => database.close();
}

/** Node calls its SQLite experimental on stderr, where only progress belongs. */
async function importSqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

function holder(file: string): string {
  try {
    return ` (${readFileSync(file, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
