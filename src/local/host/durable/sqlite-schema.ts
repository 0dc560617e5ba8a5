import type { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../../../domain/errors.ts';

/** Raised with every change of the tables or of the JSON in them that an older host could not read. */
const SCHEMA_VERSION = 1;

const TABLES = `
  CREATE TABLE instance(
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, json TEXT NOT NULL);
  CREATE INDEX open_instance ON instance(status) WHERE status IN ('Pending', 'Running', 'Suspended');
  CREATE TABLE history(instance_id TEXT NOT NULL, seq INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY(instance_id, seq)) WITHOUT ROWID;
  CREATE TABLE message(id INTEGER PRIMARY KEY, instance_id TEXT NOT NULL, position INTEGER NOT NULL, json TEXT NOT NULL);
  CREATE INDEX message_of ON message(instance_id);
  CREATE TABLE activity(id INTEGER PRIMARY KEY, instance_id TEXT NOT NULL, json TEXT NOT NULL);
  CREATE INDEX activity_of ON activity(instance_id);`;

/**
 * Creates the tables in an empty file and checks the version of one that has them.
 *
 * @throws {OperatorError} for a file of a newer version or of another program; the file is left as it is.
 */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw new OperatorError(
      `${path} was written by a newer hsmkeep (format ${version}; this one reads ${SCHEMA_VERSION}).`,
      'Use that version, or another data folder.',
    );
  }

  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] ?? 0);
  if (tables > 0) throw new OperatorError(`${path} is not a history file of hsmkeep.`, 'Name another data folder.');
  db.exec(`BEGIN IMMEDIATE; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}
