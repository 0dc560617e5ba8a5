import type { DatabaseSync, StatementSync } from 'node:sqlite';

const statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();
const schemas = new WeakMap<DatabaseSync, Set<string>>();

/** The statement for a SQL text, compiled once per database. */
export function prepared(db: DatabaseSync, sql: string): StatementSync {
  const known = statements.get(db) ?? new Map<string, StatementSync>();
  statements.set(db, known);

  const statement = known.get(sql) ?? db.prepare(sql);
  known.set(sql, statement);
  return statement;
}

/** Runs `create … if not exists` statements the first time that a process uses a database. */
export function ensureSchema(db: DatabaseSync, schema: string): void {
  const known = schemas.get(db) ?? new Set<string>();
  schemas.set(db, known);
  if (known.has(schema)) return;

  db.exec(schema);
  known.add(schema);
}

/** All of `work` or nothing; may be nested, or run inside a transaction of the caller. `work` must not await. */
export function atomically<T>(db: DatabaseSync, work: () => T): T {
  db.exec('savepoint emulator_objects');
  try {
    const result = work();
    db.exec('release emulator_objects');
    return result;
  } catch (error) {
    db.exec('rollback to emulator_objects; release emulator_objects');
    throw error;
  }
}
