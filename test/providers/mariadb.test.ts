import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import type { Tags } from '../../src/domain/rotation/tags.ts';
import type { Held } from '../../src/providers/contract.ts';
import { mariadb } from '../../src/providers/mariadb.ts';
import { nativeHash } from '../../src/providers/mariadb-accounts.ts';
import { mariadbFailure } from '../../src/providers/mariadb-failure.ts';
import { describeWithMariadb, FIRST, startTestMariadb, type TestDatabase } from '../support/databases.ts';
import { describeProviderContract, managementOf, providerContext } from '../support/provider-contract.ts';

const tagsOf = (tags: Tags = {}): Tags => ({
  'rot-provider': 'mariadb',
  'rot-target': 'mariadb://db.contoso.net',
  'rot-principal': 'app',
  'rot-admin': 'contoso-kv/admin',
  ...tags,
});
const parsed = (tags: Tags = {}) => mariadb.parse(managementOf(tagsOf(tags)));

describe('the tags of a MariaDB secret', () => {
  test.each([
    [{}, { target: { host: 'db.contoso.net', port: 3306, tls: true }, accounts: { user: 'app', host: null }, self: false }],
    [{ 'rot-target': 'mysql://127.0.0.1:3307' }, { target: { port: 3307, tls: false } }],
    [{ 'rot-principal': 'app@10.0.%' }, { accounts: { user: 'app', host: '10.0.%' } }],
    [{ 'rot-principal': 'me@contoso@%' }, { accounts: { user: 'me@contoso', host: '%' } }],
    [{ 'rot-admin': 'self', 'rot-policy': 'strategy=single' }, { self: true }],
  ])('%j are read as %j', (tags, spec) => {
    expect(parsed(tags)).toMatchObject(spec);
  });

  test.each([
    [{ 'rot-target': 'postgres://db' }, 'rot-target'],
    [{ 'rot-principal': '' }, 'rot-principal'],
    [{ 'rot-principal': 'app@' }, 'rot-principal'],
    [{ 'rot-principal': 'x'.repeat(129) }, '128 characters'],
    [{ 'rot-admin': '' }, 'second password'],
    [{ 'rot-policy': 'strategy=alternating' }, 'strategy=alternating'],
  ])('%j are refused', (tags, message) => {
    expect(() => parsed(tags)).toThrow(message);
  });
});

test.each([
  [{ errno: 1045 }, 'denied'],
  [{ errno: 1040 }, 'throttled'],
  [{ errno: 1290, sql: 'canary' }, 'read-only'],
  [{ errno: 1396 }, 'gone'],
  [{ errno: 1064, message: 'canary' }, 'config'],
  [{ errno: 1927, code: 'PROTOCOL_CONNECTION_LOST' }, 'transient'],
  [{ code: 'CERT_HAS_EXPIRED' }, 'config'],
  [{ code: 'HANDSHAKE_NO_SSL_SUPPORT' }, 'config'],
  ['canary', 'transient'],
])('%j of the driver is a failure of the kind %s', (thrown, kind) => {
  expect(mariadbFailure(thrown)).toMatchObject({ kind });
  expect(inspect(mariadbFailure(thrown))).not.toContain('canary');
});

describeWithMariadb('a real MariaDB', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestMariadb();
  });
  afterAll(() => database?.stop());
  const at = (tags: Tags) => tagsOf({ 'rot-target': database.target, ...tags });
  const account = (user: string, host = '%', more = '') =>
    database.sql(`CREATE USER ?@? IDENTIFIED VIA mysql_native_password USING '${nativeHash(FIRST)}'${more}`, [user, host]);
  const hashesOf = async (user: string): Promise<Record<string, string[]>> => {
    const rows = await database.sql('SELECT Host, Priv FROM mysql.global_priv WHERE User = ?', [user]);
    return Object.fromEntries(rows.map(({ Host, Priv }) => [Host, Priv.match(/\*[0-9A-F]{40}/g)]));
  };

  describeProviderContract(mariadb, async () => {
    await account('app');
    return {
      tags: at({}),
      first: FIRST,
      admin: database.admin,
      accepts: (_slot, value) => database.accepts('app', value),
      loseNextAnswer: async () => void database.proxy.dropReplyTo('ALTER USER'),
      stop: async () => undefined,
    };
  });

  let rotations = 0;
  const begin = async (tags: Tags, { current = { slot: '', value: new Sensitive(FIRST) } as Held, admin = database.admin } = {}) => {
    const management = managementOf(at(tags));
    rotations += 1;
    const made = providerContext(management, { admin, rotationId: `r${rotations}`, published: current });
    const context = management.admin === 'self' ? { ...made, admin: <T>(use: (login: 'self') => Promise<T>) => use('self') } : made;
    const spec = mariadb.parse(management);
    const strategy = management.policy.strategy === 'single' ? 'single' : 'multi';
    const plan = await mariadb.choose(context, spec, current, { strategy, base: 'v' });
    const candidate = await mariadb.generate(context, spec, plan);
    const keep = strategy === 'single' ? [] : [current];
    return { context, spec, current, candidate, keep, apply: () => mariadb.apply(context, spec, candidate, keep) };
  };
  const failureOf = async (work: Promise<unknown>) => {
    const thrown = await work.then(
      () => 'nothing was thrown',
      (error: unknown) => error,
    );
    return { failure: mariadb.classify(thrown), shown: inspect(thrown, { depth: 9 }) };
  };
  const hash = ({ value }: Held) => value.use(nativeHash);
  const changesOf = (user: string) => database.statements(`ALTER USER '${user}'@`);

  test('changes the accounts of a user for all hosts in one statement, or for the one that is named', async () => {
    for (const host of ['%', '127.0.0.1', '10.0.%']) await account('spread', host);
    const all = await begin({ 'rot-principal': 'spread' });
    await all.apply();
    const both = [hash(all.candidate), nativeHash(FIRST)];
    expect(await hashesOf('spread')).toEqual({ '%': both, '127.0.0.1': both, '10.0.%': both });
    expect(changesOf('spread')).toHaveLength(1);

    await mariadb.retire(all.context, all.spec, all.current, [all.candidate]);
    const one = await begin({ 'rot-principal': 'spread@10.0.%' }, { current: all.candidate });
    await one.apply();
    const only = [hash(all.candidate)];
    expect(await hashesOf('spread')).toEqual({ '%': only, '127.0.0.1': only, '10.0.%': [hash(one.candidate), ...only] });
  });

  test.each([
    "o'brien",
    'with "quotes"',
    '`ticks`',
    '$dollar$',
    'back\\slash',
    'new\nline',
    '; DROP USER app; --',
    'dual',
    'ünïcode',
    'me@contoso',
  ])('changes the user named %j and no other', async (name) => {
    await account(name);
    const before = await database.sql('SELECT User, Host, Priv FROM mysql.global_priv ORDER BY User, Host');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': `${name}@%` });
    await apply();
    await mariadb.verify(context, spec, candidate);
    const after = await database.sql('SELECT User, Host, Priv FROM mysql.global_priv ORDER BY User, Host');
    expect(after.filter((row, index) => row.Priv !== before[index].Priv).map(({ User }) => User)).toEqual([name]);
  });

  test('that changed the passwords and whose answer was lost is not asked a second time, and sees no failed login', async () => {
    await account('lost');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'lost' });
    const denied = async () => Number((await database.sql("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'"))[0].Value);
    const failed = await denied();
    void database.proxy.dropReplyTo('ALTER USER');
    expect((await failureOf(apply())).failure).toMatchObject({ kind: 'unknown-outcome' });
    expect(await mariadb.probe(context, spec, candidate)).toBe('live');
    await apply();
    await mariadb.verify(context, spec, candidate);
    expect(changesOf('lost')).toHaveLength(1);
    expect(await denied()).toBe(failed);
  });

  test('whose change is late keeps the next try waiting until it has landed, and the old password works', async () => {
    await account('late');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'late' });
    const held = database.proxy.hold('request', 'ALTER USER');
    const first = apply();
    await held.reached;
    expect(await mariadb.probe(context, spec, candidate)).toBe('not-live');
    const second = apply();
    while (!(await database.sql("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'")).length);
    expect(await database.accepts('late', FIRST)).toBe(true);
    held.release();
    await Promise.all([first, second]);
    expect(changesOf('late')).toHaveLength(1);
    expect(await hashesOf('late')).toEqual({ '%': [hash(candidate), nativeHash(FIRST)] });
  });

  test('answers clearly, or not at all, wherever the connection is cut', async () => {
    await account('cut');
    for (let round = 0; round < 12; round += 1) {
      const { apply, context, spec, candidate, current } = await begin({ 'rot-principal': 'cut' });
      database.proxy.cutAt(round % 2 ? 'request' : 'reply', 1 + Math.floor(Math.random() * 900));
      await apply().catch((error: unknown) => expect(mariadb.classify(error).kind).toMatch(/transient|unknown-outcome/));
      database.proxy.clear();
      const truth = await database.accepts('cut', candidate.value.use(String));
      expect(await mariadb.probe(context, spec, candidate)).toBe(truth ? 'live' : 'not-live');
      expect(await database.accepts('cut', FIRST)).toBe(true);
      await mariadb.discard(context, spec, candidate, [current]);
    }
  });

  test('is told hashes only: neither its logs, nor the log of its replicas, nor any error has a value', async () => {
    await account('quiet');
    const { apply, context, spec, candidate, current } = await begin({ 'rot-principal': 'quiet' });
    await database.sql(`CREATE USER powerless@'%' IDENTIFIED BY 'no rights at all'`);
    await database.sql(`GRANT SELECT ON mysql.* TO powerless@'%'`);
    const powerless = await begin({ 'rot-principal': 'quiet' }, { admin: '{"username":"powerless","password":"no rights at all"}' });
    const refused = await failureOf(powerless.apply());
    expect(refused.failure).toMatchObject({ kind: 'denied', hint: expect.stringContaining('CREATE USER') });
    await apply();
    await mariadb.verify(context, spec, candidate);
    await mariadb.retire(context, spec, current, [candidate]);

    const files = readdirSync(database.folder).filter((name) => /log|binlog/.test(name));
    expect(files.filter((name) => name.startsWith('binlog.0'))).not.toEqual([]);
    const logs = files.map((name) => readFileSync(join(database.folder, name), 'latin1')).join('\n');
    expect(logs.split(hash(candidate)).length, 'in the general and in the binary log').toBeGreaterThan(3);
    for (const { value } of [candidate, powerless.candidate]) {
      for (const shown of [logs, refused.shown, JSON.stringify(refused.failure)]) expect(shown).not.toContain(value.use(String));
    }
  });

  test('with a password that somebody set meanwhile is left alone', async () => {
    await account('human');
    const { apply } = await begin({ 'rot-principal': 'human' });
    await database.sql(`ALTER USER human IDENTIFIED VIA mysql_native_password USING '${nativeHash('theirs')}'`);
    expect((await failureOf(apply())).failure).toEqual({ kind: 'transient', code: 'ChangedMeanwhile' });
    expect(await hashesOf('human')).toEqual({ '%': [nativeHash('theirs')] });
  });

  test('throws sessions out with a compromised password, and with no other', async () => {
    await account('leaked');
    for (const endSessions of [false, true]) {
      const { apply, context, spec, current, candidate } = await begin({ 'rot-principal': 'leaked' });
      await database.as('leaked', FIRST, async (run) => {
        await apply();
        await mariadb.retire({ ...context, endSessions }, spec, current, [candidate]);
        const alive = await run('SELECT 1').then(
          () => true,
          () => false,
        );
        expect(alive).toBe(!endSessions);
      });
      await database.sql(`ALTER USER leaked IDENTIFIED VIA mysql_native_password USING '${nativeHash(FIRST)}'`);
    }
  });

  test('with one password replaces it', async () => {
    await account('single');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'single', 'rot-policy': 'strategy=single' });
    await apply();
    await mariadb.verify(context, spec, candidate);
    expect(await hashesOf('single')).toEqual({ '%': [hash(candidate)] });
  });

  test('lets an account change its own password, without any right', async () => {
    await account('alone');
    const tags = { 'rot-principal': 'alone', 'rot-admin': 'self', 'rot-policy': 'strategy=single' };
    const { apply, context, spec, candidate } = await begin(tags);
    expect((await mariadb.preflight(context, spec)).filter(({ ok }) => !ok)).toEqual([]);
    expect(await mariadb.probe(context, spec, candidate)).toBe('not-live');
    await apply();
    await mariadb.verify(context, spec, candidate);
    expect(await hashesOf('alone')).toEqual({ '%': [hash(candidate)] });

    await database.sql(
      `ALTER USER alone IDENTIFIED VIA mysql_native_password USING '${hash(candidate)}' OR mysql_native_password USING '${nativeHash('b')}'`,
    );
    const again = await begin(tags, { current: candidate });
    expect((await failureOf(again.apply())).failure).toMatchObject({ kind: 'config', code: 'Plugin' });
  });

  test('does not take away another way to log in', async () => {
    await database.sql(`CREATE USER socket@'%' IDENTIFIED VIA unix_socket OR mysql_native_password USING '${nativeHash(FIRST)}'`);
    await database.sql(`CREATE USER open@'%'`);
    for (const [user, word] of [
      ['socket', 'unix_socket'],
      ['open', 'empty password'],
    ] as const) {
      const { apply } = await begin({ 'rot-principal': user });
      expect((await failureOf(apply())).failure).toMatchObject({ kind: 'config', hint: expect.stringContaining(word) });
    }
  });

  test.each([
    ['a user that there is not', { 'rot-principal': 'never' }, {}, { kind: 'gone', hint: 'never' }],
    ['an admin whose password is another', {}, { admin: '{"username":"app","password":"wrong"}' }, { kind: 'denied', hint: 'rot-admin' }],
    ['an admin who sees no accounts', {}, { admin: `mysql://app:${FIRST}@anywhere` }, { kind: 'denied', hint: 'global_priv' }],
    ['TLS that the server does not have', { query: '?tls=on' }, {}, { kind: 'config', code: 'NoTls', hint: 'tls=off' }],
  ])('says what is wrong with %s', async (_what, { query = '', ...tags }: Tags, options, { hint, ...failure }) => {
    const { apply } = await begin({ 'rot-target': `${database.target}${query}`, ...tags }, options);
    expect((await failureOf(apply())).failure).toMatchObject({ ...failure, hint: expect.stringContaining(hint) });
  });

  test('is found unfit while it is read-only, or an admin may not change accounts', async () => {
    await database.sql(`CREATE USER looker@'%' IDENTIFIED BY '${FIRST}'`);
    await database.sql(`GRANT SELECT ON mysql.* TO looker@'%'`);
    const { context, spec } = await begin({}, { admin: JSON.stringify({ username: 'looker', password: FIRST }) });
    const wrong = async () => (await mariadb.preflight(context, spec)).filter(({ ok }) => !ok).map(({ check }) => check);
    expect(await wrong()).toEqual(['rot-admin may change accounts']);
    await database.sql(`GRANT CREATE USER ON *.* TO looker@'%'`);
    await database.sql('SET GLOBAL read_only = ON');
    try {
      expect(await wrong()).toEqual(['rot-target is the writable server']);
      await account('frozen').catch(() => undefined);
      const { apply } = await begin({}, { admin: JSON.stringify({ username: 'looker', password: FIRST }) });
      expect((await failureOf(apply())).failure).toMatchObject({ kind: 'read-only' });
    } finally {
      await database.sql('SET GLOBAL read_only = OFF');
    }
    expect(await wrong()).toEqual([]);
  });
});
