import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmulatorError } from '../errors.ts';
import { createSettings } from './settings.ts';

/** The emulator's data folder while it is in use. Only one emulator can hold it. */
export type DataFolder = Readonly<{ path: string; db: DatabaseSync; close(): void }>;

const OWNER_ONLY = 0o600;

/**
 * Opens the folder and its SQLite file, creating both on first use. Every commit is with the system before it is answered, and a killed
 * emulator loses none; a power cut may take the last ones, because a flush for each request is what an emulator's time would go to (WAL,
 * `synchronous = normal`). SQLite's exclusive lock ends with the process, so there is nothing to clean up.
 *
 * @see https://sqlite.org/pragma.html#pragma_synchronous
 *
 * @throws {EmulatorError} when another emulator uses the folder, or when it cannot be written
 */
export function openDataFolder(dataDir: string): DataFolder {
  const path = resolve(dataDir);
  const holderFile = join(path, 'emulator.pid');
  const db = openDatabase(path, holderFile);
  writeFileSync(holderFile, `${process.pid}\n`);
  return { path, db, close: () => db.close() };
}

function openDatabase(path: string, holderFile: string): DatabaseSync {
  const file = join(path, 'emulator.sqlite');
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(path, { recursive: true });
    // SQLite would create the file readable by all; it holds private keys.
    closeSync(openSync(file, 'a', OWNER_ONLY));
    db = new DatabaseSync(file);
    db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal');
    db.exec('begin immediate; commit');
    createSettings(db);
    return db;
  } catch (error) {
    db?.close();
    if (!isLocked(error))
      throw new EmulatorError(`Cannot use the data folder ${path}: ${messageOf(error)}`, 'Name a folder you can write to with --data.');
    throw new EmulatorError(
      `The data folder ${path} is in use by another emulator${holder(holderFile)}.`,
      'Stop that one, or name another folder with --data.',
    );
  }
}

const isLocked = (error: unknown) => error instanceof Error && /database is locked/.test(error.message);
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function holder(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
