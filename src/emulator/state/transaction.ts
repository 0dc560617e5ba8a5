import type { DatabaseSync } from 'node:sqlite';

/** Runs synchronous work as one transaction: all of it is stored afterwards, or none. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('begin immediate');
  try {
    const result = work();
    db.exec('commit');
    return result;
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
}
