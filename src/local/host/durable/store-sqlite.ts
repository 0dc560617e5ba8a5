import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { OperatorError } from '../../../domain/errors.ts';
import type { InstanceFilter } from './engine-api.ts';
import type { HistoryEvent } from './protocol/events.ts';
import { prepareSchema } from './sqlite-schema.ts';
import type { ActivityRow, Change, InstanceRow, MessageRow, Store } from './store.ts';

/** @see https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

/**
 * Opens the store in a SQLite file, made when absent, readable by its owner only. Every commit is flushed to disk (WAL, synchronous FULL), so that it
 * survives a power cut. The file is locked for as long as it is open.
 *
 * @throws {OperatorError} when another process has it open, or it is of a newer version, or no history file.
 */
export function openSqliteStore(path: string): Store {
  const db = open(path);
  const put = writers(db);
  const readInstance = db.prepare('SELECT json FROM instance WHERE id = ?');
  const readHistory = db.prepare('SELECT json FROM history WHERE instance_id = ? ORDER BY seq');
  const all = <Row>(sql: string): Row[] =>
    db
      .prepare(sql)
      .all()
      .map((row) => parse<Row>(row));
  const lastId = (table: string): number => Number(db.prepare(`SELECT coalesce(max(id), 0) AS id FROM ${table}`).get()?.['id'] ?? 0);

  return {
    commit(changes) {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const change of changes) put(change);
        db.exec('COMMIT');
      } catch (error) {
        rollBack(db);
        throw error;
      }
    },
    loadOpen: () => ({
      instances: all<InstanceRow>(`SELECT json FROM instance WHERE status IN ('Pending', 'Running', 'Suspended') ORDER BY ordinal`),
      messages: all<MessageRow>('SELECT json FROM message ORDER BY position'),
      activities: all<ActivityRow>('SELECT json FROM activity ORDER BY id'),
    }),
    lastIds: () => ({ message: lastId('message'), activity: lastId('activity') }),
    instance(instanceId) {
      const row = readInstance.get(instanceId);
      return row === undefined ? undefined : parse<InstanceRow>(row);
    },
    history: (instanceId) => readHistory.all(instanceId).map((row) => parse<HistoryEvent>(row)),
    list: (filter) => page(db, filter),
    close: () => db.close(),
  };
}

function open(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600));
  const db = new DatabaseSync(path);
  try {
    // The lock is taken by the first access after this and kept; another process, or a second opening in this one, gets SQLITE_BUSY.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT;');
    prepareSchema(db, path);
    return db;
  } catch (error) {
    db.close();
    throw explained(error, path);
  }
}

/** After a full disk or a read error SQLite has already rolled back, and says so by another error. */
function rollBack(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // The first error is the one to report.
  }
}

function explained(error: unknown, path: string): unknown {
  switch ((error as { errcode?: number }).errcode) {
    case SQLITE_BUSY:
      return new OperatorError(`${path} is in use by another host.`, 'Stop that one first, or name another data folder.', { cause: error });
    case SQLITE_NOTADB:
      return new OperatorError(`${path} is not a history file of hsmkeep.`, 'Name another data folder.', { cause: error });
    default:
      return error;
  }
}

/** Carries out one change inside the transaction. */
function writers(db: DatabaseSync): (change: Change) => void {
  const run = (sql: string): ((...values: SQLInputValue[]) => void) => {
    const statement: StatementSync = db.prepare(sql);
    return (...values) => void statement.run(...values);
  };
  const putInstance = run(`INSERT INTO instance(id, status, created_at, json) VALUES(?, ?, ?, ?)
    ON CONFLICT(id) DO UPDATE SET status = excluded.status, created_at = excluded.created_at, json = excluded.json`);
  const deleteInstance = run('DELETE FROM instance WHERE id = ?');
  const addEvent = run('INSERT INTO history VALUES(?, ?, ?)');
  const clearHistory = run('DELETE FROM history WHERE instance_id = ?');
  const addMessage = run('INSERT INTO message VALUES(?, ?, ?, ?)');
  const deleteMessage = run('DELETE FROM message WHERE id = ?');
  const deleteMessagesOf = run('DELETE FROM message WHERE instance_id = ?');
  const addActivity = run('INSERT INTO activity VALUES(?, ?, ?)');
  const deleteActivity = run('DELETE FROM activity WHERE id = ?');
  const deleteActivitiesOf = run('DELETE FROM activity WHERE instance_id = ?');

  return (change) => {
    switch (change.op) {
      case 'putInstance':
        return putInstance(change.row.instanceId, change.row.status, change.row.createdAt, JSON.stringify(change.row));
      case 'deleteInstance':
        for (const remove of [deleteInstance, clearHistory, deleteMessagesOf, deleteActivitiesOf]) remove(change.instanceId);
        return;
      case 'appendHistory':
        for (const [index, event] of change.events.entries()) addEvent(change.instanceId, change.from + index, JSON.stringify(event));
        return;
      case 'clearHistory':
        return clearHistory(change.instanceId);
      case 'addMessage':
        return addMessage(change.row.id, change.row.instanceId, change.row.position, JSON.stringify(change.row));
      case 'deleteMessages':
        for (const id of change.ids) deleteMessage(id);
        return;
      case 'deleteMessagesOf':
        return deleteMessagesOf(change.instanceId);
      case 'addActivity':
        return addActivity(change.row.id, change.row.instanceId, JSON.stringify(change.row));
      case 'deleteActivity':
        return deleteActivity(change.id);
      case 'deleteActivitiesOf':
        return deleteActivitiesOf(change.instanceId);
    }
  };
}

function page(
  db: DatabaseSync,
  { createdFrom, createdTo, statuses = [], idPrefix, continuation, limit }: InstanceFilter,
): ReturnType<Store['list']> {
  const where = new Map<string, SQLInputValue>([['ordinal > ?', Number(continuation ?? 0)]]);
  if (createdFrom !== undefined) where.set('created_at >= ?', createdFrom);
  if (createdTo !== undefined) where.set('created_at <= ?', createdTo);
  if (idPrefix !== undefined) where.set('id >= ?', idPrefix).set('id < ?', `${idPrefix}\u{10FFFF}`);
  if (statuses.length > 0) where.set('status IN (SELECT value FROM json_each(?))', JSON.stringify(statuses));

  // One row more than asked for tells whether there is a next page.
  const sql = `SELECT ordinal, json FROM instance WHERE ${[...where.keys()].join(' AND ')} ORDER BY ordinal LIMIT ?`;
  const found = db.prepare(sql).all(...where.values(), limit + 1);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map((row) => parse<InstanceRow>(row)),
    ...(found.length > shown.length && last ? { continuation: String(last['ordinal']) } : {}),
  };
}

const parse = <Row>(row: Record<string, unknown>): Row => JSON.parse(String(row['json'])) as Row;
