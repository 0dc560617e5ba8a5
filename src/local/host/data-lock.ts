import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../../domain/errors.ts';

/** SQLite's code for "another connection holds the lock". */
const SQLITE_BUSY = 5;

/**
 * Takes the data folder for this process alone. The lock is SQLite's on a file of its own, so the system drops it with the process,
 * however that ends; the text file beside it only says who holds it.
 *
 * @param dataDir Made when missing.
 * @returns Gives the folder back.
 * @throws {OperatorError} naming the holder when another host uses the folder.
 */
export function lockDataFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const holderFile = join(dataDir, 'host.holder');
  const lock = new DatabaseSync(join(dataDir, 'host.lock'));
  try {
    lock.exec('pragma journal_mode = delete; begin exclusive');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new OperatorError(
      `The data folder ${dataDir} is in use by another host${holder(holderFile)}.`,
      'Stop that host first, or give this one a folder of its own with --data.',
    );
  }
  writeFileSync(holderFile, `process ${process.pid}, since ${new Date().toISOString()}\n`);
  return () => lock.close();
}

function holder(file: string): string {
  try {
    return ` (${readFileSync(file, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
