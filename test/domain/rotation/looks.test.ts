import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, later } from '../../../src/domain/rotation/duration.ts';
import { stillManaged } from '../../../src/domain/rotation/known.ts';
import { inTurn, reconcile } from '../../../src/domain/rotation/reconcile.ts';
import { parseSecretEvent } from '../../../src/domain/rotation/secret-event.ts';
import { viewSecrets, withLastResults } from '../../../src/domain/rotation/secret-view.ts';
import { type ListedEscrow, type ListedSecret, planSweep } from '../../../src/domain/rotation/sweep.ts';
import { dueAt, expiryFor, isRetryDue, validityDays } from '../../../src/domain/rotation/times.ts';

const CREATED = '2026-01-01T00:00:00.000Z';
const EVERY = { everyMs: 60 * DAY_MS };

describe('times', () => {
  test('a secret is due after its interval less a steady tenth at most, and expires 30 days after that', () => {
    const due = dueAt('db', CREATED, EVERY);
    expect(due <= later(CREATED, 60 * DAY_MS) && due >= later(CREATED, 54 * DAY_MS)).toBe(true);
    expect(due).toBe(dueAt('db', CREATED, EVERY));
    expect(due).not.toBe(dueAt('cache', CREATED, EVERY));
    expect(expiryFor('db', CREATED, EVERY)).toBe(later(due, 30 * DAY_MS));
    expect(validityDays(EVERY)).toBe(90);
  });

  test('what fails is tried again at growing distances, then daily', () => {
    const tried = Array.from({ length: 24 * 4 }, (_, hour) => hour).filter((hour) =>
      isRetryDue(CREATED, later(CREATED, hour * HOUR_MS + 1), HOUR_MS),
    );
    expect(tried).toEqual([0, 1, 2, 4, 8, 16, 24, 48, 72]);
  });
});

const entry = { version: 'e', createdAt: CREATED, rotationId: 'r1', base: 'v1', slot: '', attempt: 1, state: 'open' } as const;
const current = { version: 'v2', createdAt: CREATED, expiresAt: null, tags: {} };

describe('reconcile', () => {
  const found = { current, escrow: entry, strategy: 'multi', published: 'not-live', candidate: 'not-live', older: null } as const;

  test('keeps what is published when it works, and takes ours off the target only where that can harm nobody', () => {
    const drop = (changes: object) => reconcile({ ...found, published: 'live', ...changes });
    expect(drop({})).toEqual({ action: 'adopt', drop: true });
    expect(drop({ escrow: { ...entry, state: 'applied' } })).toEqual({ action: 'adopt', drop: true });
    for (const kept of [
      { strategy: 'single' },
      { escrow: null },
      { escrow: { ...entry, state: 'published' } },
      { current: { ...current, tags: { 'rot-id': 'r1' } } },
    ])
      expect(drop(kept)).toEqual({ action: 'adopt', drop: false });
  });

  test.each([
    [{ published: 'unknown' }, { action: 'wait' }],
    [{ published: 'unknown', candidate: 'live' }, { action: 'wait' }],
    [{ candidate: 'unknown' }, { action: 'wait' }],
    [{ candidate: 'live' }, { action: 'publish-candidate' }],
    [{ readable: true, older: { version: 'v0' } }, { action: 'publish-held' }],
    [{ readable: true, candidate: 'live' }, { action: 'publish-candidate' }],
    [{ older: { version: 'v0' } }, { action: 'publish-older', version: 'v0' }],
    [{ older: 'unknown' }, { action: 'wait' }],
    [{}, { action: 'park' }],
  ] as const)('%o: %o', (changes, expected) => {
    expect(reconcile({ ...found, ...changes })).toEqual(expected);
  });
});

describe('inTurn', () => {
  const tried = (found: string[], hours: number) => inTurn(found, CREATED, later(CREATED, hours * HOUR_MS)).join('');

  test('tries the newest first, and then others by the hour, after a day by the day', () => {
    expect([0, 1, 2, 3].map((hours) => tried(['a', 'b', 'c', 'd'], hours))).toEqual(['abcd', 'acdb', 'adbc', 'abcd']);
    expect([24, 47, 48, 72].map((hours) => tried(['a', 'b', 'c', 'd'], hours))).toEqual(['acdb', 'acdb', 'adbc', 'abcd']);
  });

  test.each([[[]], [['a']]])('of %j there is no other order', (found: string[]) => {
    expect(tried(found, 5)).toBe(found.join(''));
  });
});

const secret = (name: string, changes: Partial<ListedSecret> = {}): ListedSecret => ({
  name,
  enabled: true,
  createdAt: CREATED,
  expiresAt: null,
  tags: { 'rot-provider': 'generated' },
  ...changes,
});
const kept = (name: string, changes: Partial<ListedEscrow> = {}): ListedEscrow => ({
  owner: `kv/${name}`,
  rotationId: 'r1',
  state: 'open',
  closed: false,
  createdAt: CREATED,
  ...changes,
});
const DUE = dueAt('db', CREATED, EVERY);
const NOW = later(CREATED, HOUR_MS / 2);

describe('planSweep', () => {
  const taken = (secrets: ListedSecret[], escrow: ListedEscrow[] = [], now = NOW, lookMs: number | null = HOUR_MS) =>
    planSweep('KV', secrets, escrow, now, lookMs).map(({ name, reason, action }) => `${name}: ${action}, ${reason}`);
  const published = { 'rot-provider': 'generated', 'rot-id': 'r1' };

  test('takes up what is due or has expired, and nothing else', () => {
    const secrets = [secret('db'), secret('foreign', { tags: {} }), secret('db--pending', { tags: { 'rot-provider': 'x' } })];
    expect(taken(secrets, [], later(DUE, -1))).toEqual([]);
    expect(taken(secrets, [], DUE)).toEqual(['db: rotate, due']);
    expect(taken([secret('db', { expiresAt: NOW })])).toEqual(['db: rotate, expired']);
    expect(taken([secret('db', { expiresAt: later(NOW, 1) })])).toEqual([]);
  });

  test('puts what was broken off before all that is due, and tells what shares a target', () => {
    const secrets = [secret('app'), secret('db'), secret('cache', { tags: { 'rot-provider': 'webhook', 'rot-target': 'https://x' } })];
    const found = planSweep('KV', secrets, [kept('db')], later(CREATED, 61 * DAY_MS), null);
    expect(found[0]).toMatchObject({ name: 'db', reason: 'unfinished', isFleet: true });
    expect(found.find(({ name }) => name === 'cache')).toMatchObject({ target: 'webhook https://x', isFleet: false });
  });

  test('tries what fails again at growing distances only', () => {
    const hours = Array.from({ length: 10 }, (_, hour) => taken([secret('db')], [], later(DUE, hour * HOUR_MS)).length);
    expect(hours).toEqual([1, 1, 1, 0, 1, 0, 0, 0, 1, 0]);
  });

  test.each([
    ['an intent', kept('db', { state: 'intent' }), {}, 'db: rotate, unfinished'],
    ['an open entry', kept('db'), {}, 'db: rotate, unfinished'],
    ['one that was applied', kept('db', { state: 'applied' }), {}, 'db: rotate, unfinished'],
    ['one that is published and not confirmed', kept('db', { state: 'applied' }), published, 'db: rotate, unfinished'],
    ['a version that others wrote into the grace', kept('db', { state: 'published' }), {}, 'db: rotate, changed-by-others'],
  ])('goes on with %s', (_what, escrow, tags, expected) => {
    expect(taken([secret('db', { tags: { 'rot-provider': 'generated', ...tags } })], [escrow])).toEqual([expected]);
  });

  test.each([kept('db', { state: 'dead' }), kept('db', { state: 'open', closed: true }), kept('db', { state: 'published', closed: true })])(
    'lets a dead or closed entry rest',
    (escrow) => {
      expect(taken([secret('db')], [escrow])).toEqual([]);
    },
  );

  test('finds a secret whose tags were lost by its entry, but not one that was taken out on purpose', () => {
    expect(taken([secret('db', { tags: {} })], [kept('db', { closed: true })])).toEqual(['db: rotate, changed-by-others']);
    expect(taken([secret('db', { tags: { 'rot-provider': 'none' } })], [kept('db', { closed: true })])).toEqual([]);
  });

  test('finds a secret that lost its tags before it was ever rotated, when somebody looked before that', () => {
    const found = (tags: Readonly<Record<string, string>>, known: string[]) =>
      planSweep('KV', [secret('Db', { tags })], [], NOW, null, new Set(known)).map(({ name, reason }) => `${name}: ${reason}`);
    expect(found({}, ['db'])).toEqual(['Db: changed-by-others']);
    expect(found({}, ['cache'])).toEqual([]);
    expect(found({ 'rot-provider': 'none' }, ['db'])).toEqual([]);
  });

  test('retires when the grace is over, tagged or not', () => {
    const until = later(CREATED, HOUR_MS);
    const tagged = secret('db', { tags: { ...published, 'rot-grace-until': until } });
    const escrow = kept('db', { state: 'published' });
    expect(taken([tagged], [escrow], later(until, -1))).toEqual([]);
    expect(taken([tagged], [escrow], until)).toEqual(['db: retire, grace-over']);
    const lost = secret('db', { tags: published });
    expect(taken([lost], [escrow], later(CREATED, 7 * DAY_MS - 1))).toEqual([]);
    expect(taken([lost], [escrow], later(CREATED, 7 * DAY_MS))).toEqual(['db: retire, grace-over']);
  });

  test.each(['soon', ''])(
    'knows the end of a grace whose tag was spoilt (%j), and goes on with the secret when there is none',
    (spoilt) => {
      const secrets = [secret('db', { tags: { ...published, 'rot-grace-until': spoilt } })];
      const escrow = kept('db', { state: 'published' });
      expect(taken(secrets, [escrow], later(CREATED, 7 * DAY_MS - 1))).toEqual([]);
      expect(taken(secrets, [escrow], later(CREATED, 7 * DAY_MS))).toEqual(['db: retire, grace-over']);
      expect(taken(secrets, [{ ...escrow, closed: true }], DUE)).toEqual(['db: rotate, due']);
    },
  );

  test('asks at growing distances whether the old credential is still used, where that matters', () => {
    const tags = { ...published, 'rot-policy': 'retire=when-unused', 'rot-grace-until': CREATED };
    const hours = Array.from(
      { length: 10 },
      (_, hour) => taken([secret('db', { tags })], [kept('db', { state: 'published' })], later(CREATED, hour * HOUR_MS)).length,
    );
    expect(hours).toEqual([1, 1, 1, 0, 1, 0, 0, 0, 1, 0]);
    expect(taken([secret('db', { tags })], [kept('db', { state: 'published' })], later(CREATED, 3 * HOUR_MS), null)).toHaveLength(1);
  });

  test('leaves the old credential where the policy says so', () => {
    const tags = { ...published, 'rot-policy': 'retire=at-next', 'rot-grace-until': CREATED };
    expect(taken([secret('db', { tags })], [kept('db', { state: 'published' })])).toEqual([]);
  });

  test('leaves nothing that is known to others', () => {
    const leaked = kept('db', { state: 'published', mode: 'compromise' });
    for (const policy of ['retire=at-next', 'grace=7d']) {
      const tags = { ...published, 'rot-policy': policy, 'rot-grace-until': later(NOW, DAY_MS) };
      expect(taken([secret('db', { tags })], [leaked])).toEqual(['db: retire, grace-over']);
      expect(taken([secret('db', { tags })], [{ ...leaked, closed: true }])).toEqual([]);
    }
  });

  test('puts the most pressing first', () => {
    const secrets = [secret('b', { expiresAt: NOW }), secret('a', { expiresAt: later(NOW, -60_000) })];
    expect(taken(secrets).map((line) => line[0])).toEqual(['a', 'b']);
    expect(taken(secrets.reverse()).map((line) => line[0])).toEqual(['a', 'b']);
  });

  test('after a gap, or at the first look ever, takes up all', () => {
    const overdue = later(DUE, 3.5 * DAY_MS);
    expect(taken([secret('db')], [], overdue)).toEqual([]);
    expect(taken([secret('db')], [], overdue, DAY_MS)).toEqual(['db: rotate, due']);
    expect(taken([secret('db')], [], overdue, null)).toEqual(['db: rotate, due']);
  });
});

describe('stillManaged', () => {
  test('is what is managed, and what was and lost its tags; not what is gone, was taken out, or never was', () => {
    const secrets = [
      secret('Managed'),
      secret('lost', { tags: { owner: 'team' } }),
      secret('taken-out', { tags: { 'rot-provider': 'none' } }),
      secret('foreign', { tags: {} }),
      secret('lost--pending', { tags: {} }),
    ];
    expect(stillManaged(secrets, new Set(['lost', 'taken-out', 'gone', 'lost--pending']))).toEqual(['lost', 'managed']);
  });
});

describe('viewSecrets', () => {
  test('tells whose each is, how old its value, and how the newest run on it ended', () => {
    const secrets = [secret('db', { tags: { 'rot-provider': 'generated', Owner: 'team' } }), secret('new', { tags: { owner: '' } })];
    const views = viewSecrets({ name: 'kv', rotation: 'on' }, secrets, [], later(CREATED, 36 * HOUR_MS));
    expect(views).toMatchObject([
      { name: 'db', owner: 'team', ageDays: 1.5, lastResult: null },
      { name: 'new', owner: null },
    ]);
    // A vault's clock may be ahead of ours.
    expect(viewSecrets({ name: 'kv', rotation: 'on' }, secrets, [], later(CREATED, -1))[0]?.ageDays).toBe(0);

    const result = { run: 'rotation-kv.db-20260101T0000Z', status: 'Failed', outcome: null, endedAt: CREATED } as const;
    expect(withLastResults(views, new Map([['kv.db', result]]))).toMatchObject([{ lastResult: result }, { lastResult: null }]);
  });

  const states = (secrets: ListedSecret[], escrow: ListedEscrow[] = [], now = NOW) =>
    viewSecrets({ name: 'kv', rotation: 'on' }, secrets, escrow, now).map(({ name, state }) => `${name} ${state}`);
  const withGrace = (until: string) => secret('db', { tags: { 'rot-provider': 'generated', 'rot-id': 'r1', 'rot-grace-until': until } });

  test('shows managed and unmanaged secrets by name, and what comes next', () => {
    const views = viewSecrets(
      { name: 'kv', rotation: 'observe' },
      [secret('db'), secret('app', { tags: {} }), secret('db--pending')],
      [],
      DUE,
    );
    expect(views).toMatchObject([
      { name: 'app', state: 'unmanaged', provider: null, unmanagedBecause: 'never-managed', everyDays: null, dueAt: null, next: null },
      {
        name: 'db',
        state: 'due',
        provider: 'generated',
        unmanagedBecause: null,
        everyDays: 60,
        target: null,
        dueAt: DUE,
        next: { reason: 'due', action: 'rotate' },
        rotation: 'observe',
      },
    ]);
    const takenOut = secret('db', { tags: { 'rot-provider': 'none' } });
    expect(viewSecrets({ name: 'kv', rotation: 'on' }, [takenOut], [], NOW)).toMatchObject([{ unmanagedBecause: 'taken-out' }]);
    expect(states([secret('b'), secret('a'), secret('c')]).join()).toBe('a fresh,b fresh,c fresh');
  });

  test('shows what is under way', () => {
    expect(states([secret('db')], [kept('db')])).toEqual(['db rotating']);
    expect(states([secret('db')], [kept('db', { state: 'applied' })])).toEqual(['db rotating']);
    expect(states([secret('db')], [kept('db', { closed: true })])).toEqual(['db fresh']);
    expect(states([secret('db', { tags: {} })], [kept('db', { closed: true })])).toEqual(['db rotating']);
    expect(states([withGrace(later(NOW, 1))], [kept('db', { state: 'published' })])).toEqual(['db in-grace']);
    expect(states([withGrace(NOW)], [kept('db', { state: 'published' })])).toEqual(['db retiring']);
    expect(states([secret('db')], [kept('db', { state: 'intent' })])).toEqual(['db rotating']);
  });

  test('does not wait for an end that comes with the next rotation', () => {
    const tags = { 'rot-provider': 'azure-storage-key', 'rot-id': 'r1', 'rot-grace-until': NOW };
    const shown = (changes: object, now: string) => states([secret('db', { tags: { ...tags, ...changes } })], [], now);
    expect(shown({}, later(NOW, -1))).toEqual(['db in-grace']);
    const [view] = viewSecrets({ name: 'kv', rotation: 'on' }, [secret('db', { tags })], [], later(NOW, -1));
    expect(view).toMatchObject({ graceUntil: null, next: null });
    expect(shown({}, NOW)).toEqual(['db fresh']);
    expect(shown({}, DUE)).toEqual(['db due']);
    expect(shown({ 'rot-policy': 'retire=on-grace' }, NOW)).toEqual(['db retiring']);
  });
});

describe('parseSecretEvent', () => {
  const data = { Id: 'https://kv.vault.azure.net/secrets/db/ABC', VaultName: 'kv', ObjectType: 'Secret', ObjectName: 'db', Version: 'ABC' };
  const grid = (changes: object = {}) => ({
    topic: '/subscriptions/t',
    eventType: 'Microsoft.KeyVault.SecretNearExpiry',
    data,
    ...changes,
  });
  const expected = { id: '', type: 'SecretNearExpiry', topic: '/subscriptions/t', vault: 'kv', name: 'db', version: 'abc' };

  test.each([
    ['of the Event Grid schema', grid()],
    ['of CloudEvents', { source: '/subscriptions/t', type: 'Microsoft.KeyVault.SecretNearExpiry', data }],
    [
      'of CloudEvents with its data as text',
      { source: '/subscriptions/t', type: 'Microsoft.KeyVault.SecretNearExpiry', data: JSON.stringify(data) },
    ],
    [
      "written as the documentation's samples are",
      grid({ data: { ...data, 'Version ': undefined, VERSION: ' abc', 'objectname ': ' db ' } }),
    ],
    ['that tells only the identifier', grid({ data: { id: data.Id } })],
    ['of a queue, which is text', JSON.stringify(grid())],
  ])('reads an event %s', (_what, event) => {
    expect(parseSecretEvent(event)).toEqual({ kind: 'event', event: expected });
  });

  test('keeps the id of an event, without what does not belong into a log', () => {
    const idOf = (id: string) => {
      const parsed = parseSecretEvent(grid({ id }));
      return parsed.kind === 'event' ? parsed.event.id : parsed.kind;
    };
    expect(idOf('d1b3-0a:7')).toBe('d1b3-0a:7');
    expect(idOf('a\n"b')).toBe('ab');
    expect(idOf('x'.repeat(100))).toHaveLength(64);
  });

  test('does without a version and a topic', () => {
    const bare = { eventType: 'microsoft.keyvault.SECRETEXPIRED', data: { id: 'https://kv.vault.azure.net/secrets/db' } };
    expect(parseSecretEvent(bare)).toEqual({
      kind: 'event',
      event: { id: '', type: 'SecretExpired', topic: '', vault: 'kv', name: 'db', version: null },
    });
  });

  test.each([
    [null, 'malformed'],
    ['text', 'malformed'],
    [[], 'malformed'],
    [grid({ data: 'no JSON' }), 'malformed'],
    [grid({ data: {} }), 'malformed'],
    [grid({ data: { ...data, ObjectName: '../db' } }), 'malformed'],
    [grid({ data: { objectName: 'db' } }), 'malformed'],
    [grid({ eventType: 'Microsoft.KeyVault.KeyNearExpiry' }), 'foreign'],
    [grid({ eventType: 7 }), 'foreign'],
    [grid({ data: { ...data, ObjectName: 'db--pending' } }), 'escrow'],
  ])('%j is %s', (event, kind) => {
    expect(parseSecretEvent(event)).toEqual({ kind });
  });
});
