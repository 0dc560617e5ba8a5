import { spawnSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EventType, type HistoryEvent } from '../../../src/local/host/durable/protocol/events.ts';
import type { ActivityRow, InstanceRow, MessageRow } from '../../../src/local/host/durable/store.ts';
import { openSqliteStore } from '../../../src/local/host/durable/store-sqlite.ts';
import { STORE_KINDS, storePlace, temporaryFolder } from './support/engines.ts';

const AT = '2026-03-01T02:00:00.000Z';

const instance = (more: Partial<InstanceRow> = {}): InstanceRow => ({
  instanceId: 'one',
  executionId: 'e1',
  name: 'backup',
  version: '',
  status: 'Running',
  inputJson: '{"hsm":"ü"}',
  outputJson: null,
  customStatusJson: null,
  createdAt: AT,
  updatedAt: AT,
  parent: null,
  ...more,
});
const event = (n: number): HistoryEvent => ({ EventType: EventType.OrchestratorStarted, EventId: n, Timestamp: AT });
const message = (id: number, position = id): MessageRow => ({
  id,
  instanceId: 'one',
  executionId: null,
  dueMs: 0,
  position,
  event: { EventType: EventType.EventRaised, EventId: -1, Timestamp: AT, Name: 'go', Input: null },
});
const activity = (id: number): ActivityRow => ({
  id,
  instanceId: 'one',
  executionId: 'e1',
  number: id,
  name: 'startBackup',
  inputJson: null,
});

describe.each(STORE_KINDS)('the contract of a store (%s)', (kind) => {
  test('finds after reopening what was committed', () => {
    const place = storePlace(kind);
    const store = place.open();
    store.commit([
      { op: 'putInstance', row: instance() },
      { op: 'appendHistory', instanceId: 'one', from: 0, events: [event(0), event(1)] },
      { op: 'appendHistory', instanceId: 'one', from: 2, events: [event(2)] },
      { op: 'addMessage', row: message(7) },
      { op: 'addActivity', row: activity(3) },
    ]);
    store.close();

    const again = place.open();

    expect(again.loadOpen()).toEqual({ instances: [instance()], messages: [message(7)], activities: [activity(3)] });
    expect(again.history('one')).toEqual([event(0), event(1), event(2)]);
    expect(again.instance('one')).toEqual(instance());
    expect(again.lastIds()).toEqual({ message: 7, activity: 3 });
    again.close();
  });

  test('hands messages over by position', () => {
    const store = storePlace(kind).open();
    store.commit([message(1), message(2, -3), message(3, -4)].map((row) => ({ op: 'addMessage' as const, row })));

    expect(store.loadOpen().messages.map(({ id }) => id)).toEqual([3, 2, 1]);
    store.close();
  });

  test('takes away what is done', () => {
    const store = storePlace(kind).open();
    store.commit([1, 2, 3].map((id) => ({ op: 'addMessage' as const, row: message(id) })));
    store.commit([1, 2].map((id) => ({ op: 'addActivity' as const, row: activity(id) })));

    store.commit([
      { op: 'deleteMessages', ids: [1, 3] },
      { op: 'deleteActivity', id: 2 },
    ]);
    expect(store.loadOpen()).toMatchObject({ messages: [{ id: 2 }], activities: [{ id: 1 }] });

    store.commit([
      { op: 'deleteMessagesOf', instanceId: 'one' },
      { op: 'deleteActivitiesOf', instanceId: 'one' },
    ]);
    expect(store.loadOpen()).toMatchObject({ messages: [], activities: [] });
    store.close();
  });

  test('does not load finished instances, and deletes an instance with all that belongs to it', () => {
    const store = storePlace(kind).open();
    store.commit([
      { op: 'putInstance', row: instance({ status: 'Completed' }) },
      { op: 'appendHistory', instanceId: 'one', from: 0, events: [event(0)] },
      { op: 'addMessage', row: message(1) },
      { op: 'addActivity', row: activity(1) },
    ]);
    expect(store.loadOpen().instances).toEqual([]);

    store.commit([{ op: 'deleteInstance', instanceId: 'one' }]);

    expect(store.instance('one')).toBeUndefined();
    expect(store.history('one')).toEqual([]);
    expect(store.loadOpen()).toEqual({ instances: [], messages: [], activities: [] });
    store.close();
  });
});

describe('the SQLite store', () => {
  const path = (): string => join(temporaryFolder(), 'durable.db');

  test('stores all changes of a commit or none', () => {
    const store = openSqliteStore(path());
    store.commit([{ op: 'addMessage', row: message(1) }]);

    expect(() =>
      store.commit([
        { op: 'putInstance', row: instance() },
        { op: 'addMessage', row: message(1) },
      ]),
    ).toThrow();

    expect(store.instance('one')).toBeUndefined();
    store.commit([{ op: 'putInstance', row: instance() }]);
    expect(store.instance('one')).toBeDefined();
    store.close();
  });

  test('refuses a second opening in this process and says who is in the way', () => {
    const file = path();
    const store = openSqliteStore(file);

    expect(() => openSqliteStore(file)).toThrow(`${file} is in use by another host.`);

    store.close();
    openSqliteStore(file).close();
  });

  test('refuses an opening in another process', () => {
    const file = path();
    const store = openSqliteStore(file);
    const module = fileURLToPath(new URL('../../../src/local/host/durable/store-sqlite.ts', import.meta.url));

    const code = `import(${JSON.stringify(module)}).then(({ openSqliteStore }) => openSqliteStore(${JSON.stringify(file)}))`;
    const child = spawnSync(process.execPath, ['--experimental-strip-types', '-e', code], { encoding: 'utf8' });

    expect(child.status).toBe(1);
    expect(child.stderr).toContain('is in use by another host');
    store.close();
  });

  test('refuses a file of a newer version and leaves it as it is', () => {
    const file = path();
    openSqliteStore(file).close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 2');
    db.close();

    expect(() => openSqliteStore(file)).toThrow('was written by a newer hsmkeep (format 2; this one reads 1)');
    const after = new DatabaseSync(file);
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
    after.close();
  });

  test('refuses the database of another program', () => {
    const file = path();
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE theirs(a)');
    db.close();

    expect(() => openSqliteStore(file)).toThrow('is not a history file of hsmkeep');
  });

  test('refuses a file that is no database', () => {
    const file = path();
    writeFileSync(file, 'a letter to the editor, longer than the header of a database file: '.repeat(4));

    expect(() => openSqliteStore(file)).toThrow('is not a history file of hsmkeep');
  });

  test('is readable by its owner only', () => {
    const file = path();
    const store = openSqliteStore(file);
    store.commit([{ op: 'addMessage', row: message(1) }]);

    expect([file, `${file}-wal`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600]);
    store.close();
  });

  test('keeps a write-ahead log', () => {
    const file = path();
    openSqliteStore(file).close();
    const db = new DatabaseSync(file);

    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    db.close();
  });
});
