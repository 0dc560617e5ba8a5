import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import type { Tags } from '../../src/domain/rotation/tags.ts';
import type { Held } from '../../src/providers/contract.ts';
import { postgres } from '../../src/providers/postgres.ts';
import { postgresFailure } from '../../src/providers/postgres-failure.ts';
import { scramVerifier } from '../../src/providers/scram.ts';
import { describeWithPostgres, FIRST, makeTakingTurns, quoted, startTestPostgres, type TestPostgres } from '../support/databases.ts';
import { describeProviderContract, managementOf, providerContext } from '../support/provider-contract.ts';

const ALTERNATING: Tags = { 'rot-principal': 'app_a|app_b', 'rot-admin': 'contoso-kv/admin' };
const tagsOf = (tags: Tags = {}): Tags => ({
  'rot-provider': 'postgres',
  'rot-target': 'postgres://db.contoso.net/app',
  ...ALTERNATING,
  ...tags,
});
const parsed = (tags: Tags = {}) => postgres.parse(managementOf(tagsOf(tags)));

describe('the tags of a PostgreSQL secret', () => {
  test.each([
    [{}, { host: 'db.contoso.net', port: 5432, database: 'app', tls: true }],
    [{ 'rot-target': 'postgresql://db:6432' }, { host: 'db', port: 6432, database: 'postgres', tls: true }],
    [{ 'rot-target': 'postgres://[::1]:5433/a%20b' }, { host: '::1', port: 5433, database: 'a b', tls: false }],
    [{ 'rot-target': 'postgres://127.0.0.1/app?tls=on' }, { host: '127.0.0.1', tls: true }],
    [{ 'rot-target': 'postgres://db.contoso.net/app?tls=off' }, { tls: false }],
  ])('%j lead to %j', (tags, target) => {
    expect(parsed(tags)).toMatchObject({ target });
  });

  test.each([
    [{ 'rot-target': '' }, 'rot-target'],
    [{ 'rot-target': 'mysql://db.contoso.net' }, 'rot-target'],
    [{ 'rot-target': 'postgres://admin:secret@db.contoso.net' }, 'holds credentials'],
    [{ 'rot-target': 'postgres://db.contoso.net/app?host=evil' }, 'query'],
    [{ 'rot-target': 'postgres://db.contoso.net/%zz' }, 'rot-target'],
    [{ 'rot-principal': '' }, 'rot-principal'],
    [{ 'rot-principal': 'a|b|c' }, 'rot-principal'],
    [{ 'rot-principal': 'a|a' }, 'rot-principal'],
    [{ 'rot-principal': 'app' }, 'takes two'],
    [{ 'rot-policy': 'strategy=single' }, 'for one'],
    [{ 'rot-principal': `${'x'.repeat(62)}é|b` }, '63 bytes'],
    [{ 'rot-admin': '' }, 'needs rot-admin'],
    [{ 'rot-policy': 'strategy=issued' }, 'strategy=issued'],
  ])('%j are refused', (tags, message) => {
    expect(() => parsed(tags)).toThrow(message);
  });
});

test('a verifier is what RFC 7677 computes for its example', () => {
  // Its client proof and server signature follow from these two keys.
  const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
  expect(verifier).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

test.each([
  [{ code: '40001' }, 'transient'],
  [{ code: '53300' }, 'throttled'],
  [{ code: '25006' }, 'read-only'],
  [{ code: '3D000' }, 'config'],
  [{ code: '42704' }, 'gone'],
  [{ code: '28000', routine: 'ClientAuthentication' }, 'config'],
  [{ code: '42601', message: 'canary' }, 'config'],
  [{ code: 'ECONNREFUSED' }, 'transient'],
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'config'],
  [new Error('canary'), 'transient'],
])('%j of the driver is a failure of the kind %s', (thrown, kind) => {
  expect(postgresFailure(thrown)).toMatchObject({ kind });
  expect(inspect(postgresFailure(thrown))).not.toContain('canary');
});

describeWithPostgres('a real PostgreSQL', () => {
  let database: TestPostgres;
  beforeAll(async () => {
    database = await startTestPostgres();
  });
  afterAll(() => database?.stop());
  const at = (tags: Tags) => tagsOf({ 'rot-target': database.target, ...tags });

  describeProviderContract(postgres, async () => {
    await makeTakingTurns(database, ['app_a', 'app_b'], 'app');
    return {
      tags: at({}),
      first: FIRST,
      admin: database.admin,
      accepts: (slot, value) => database.accepts(slot === 'app_b' ? 'app_b' : 'app_a', value),
      loseNextAnswer: async () => void database.proxy.dropReplyTo('COMMIT\0'),
      stop: async () => undefined,
    };
  });

  let rotations = 0;
  /** A rotation of a secret with these tags, as far as its candidate. */
  const begin = async (tags: Tags, { current = { slot: '', value: new Sensitive(FIRST) } as Held, admin = database.admin } = {}) => {
    const management = managementOf(at(tags));
    rotations += 1;
    const context = providerContext(management, { admin, rotationId: `r${rotations}`, published: current });
    const self = management.admin === 'self' ? { ...context, admin: <T>(use: (login: 'self') => Promise<T>) => use('self') } : context;
    const spec = postgres.parse(management);
    const strategy = spec.strategy;
    const plan = await postgres.choose(self, spec, current, { strategy, base: 'v' });
    const candidate = await postgres.generate(self, spec, plan);
    const keep = strategy === 'single' ? [] : [current];
    return { context: self, spec, current, candidate, keep, apply: () => postgres.apply(self, spec, candidate, keep) };
  };
  const failureOf = async (work: Promise<unknown>) => {
    const thrown = await work.then(
      () => 'nothing was thrown',
      (error: unknown) => error,
    );
    return { failure: postgres.classify(thrown), shown: inspect(thrown, { depth: 9 }) };
  };
  const changesOf = (user: string) => database.statements(`ALTER ROLE "${user}" LOGIN PASSWORD`);
  const commentOf = async (user: string) =>
    (await database.sql(`SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = $1`, [user]))[0]?.comment;

  test('has the two users create and alter what the other made, for ten rotations', async () => {
    await makeTakingTurns(database, ['turn_a', 'turn_b'], 'turn_owner');
    await database.sql(`CREATE SCHEMA turns AUTHORIZATION turn_owner`);
    let current: Held = { slot: '', value: new Sensitive(FIRST) };
    const used: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      const { context, spec, candidate, apply } = await begin({ 'rot-principal': 'turn_a|turn_b' }, { current });
      await apply();
      await postgres.verify(context, spec, candidate);
      await database.as(candidate.slot, candidate.value.use(String), async (run) => {
        await run(`CREATE TABLE turns.t${round} (x int)`);
        for (let earlier = 0; earlier < round; earlier += 1) await run(`ALTER TABLE turns.t${earlier} ADD COLUMN y${round} int`);
      });
      await postgres.retire(context, spec, current, [candidate]);
      expect(await database.accepts(current.slot || 'turn_a', current.value.use(String))).toBe(false);
      used.push(candidate.slot);
      current = candidate;
    }
    expect(used).toEqual(Array.from({ length: 5 }, () => ['turn_b', 'turn_a']).flat());
  });

  test.each(['with "quotes"', "o'brien", '$dollar$', 'back\\slash', 'new\nline', '; DROP ROLE app; --', 'ünïcode', 'x'.repeat(63)])(
    'changes the role named %j and no other',
    async (name) => {
      await database.sql(`CREATE ROLE ${quoted(name)} LOGIN PASSWORD '${FIRST}'`);
      const before = await database.sql('SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname');
      const { apply, context, spec, candidate } = await begin({ 'rot-principal': name, 'rot-policy': 'strategy=single' });
      await apply();
      await postgres.verify(context, spec, candidate);
      const after = await database.sql('SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname');
      const changed = after.filter(
        ({ rolname, rolpassword }) => !before.some((old) => old.rolname === rolname && old.rolpassword === rolpassword),
      );
      expect(changed).toEqual([{ rolname: name, rolpassword: candidate.verifier }]);
    },
  );

  test('keeps what else a comment says', async () => {
    await makeTakingTurns(database, ['said_a', 'said_b'], 'said');
    await database.sql(`COMMENT ON ROLE said_b IS 'of team O''Brien \\ [see wiki]'`);
    for (let time = 0; time < 2; time += 1) await (await begin({ 'rot-principal': 'said_a|said_b' })).apply();
    expect(await commentOf('said_b')).toBe(`of team O'Brien \\ [see wiki] [rot:r${rotations}]`);
  });

  test('that changed the password and whose answer was lost is not asked a second time, and sees no failed login', async () => {
    await makeTakingTurns(database, ['lost_a', 'lost_b'], 'lost');
    await (await begin({ 'rot-principal': 'lost_a|lost_b' })).apply();
    const failures = () =>
      database.server
        .log()
        .split('\n')
        .filter((line) => line.includes('password authentication failed')).length;
    const [changes, failed] = [changesOf('lost_b').length, failures()];

    const { apply, context, spec, candidate, keep } = await begin({ 'rot-principal': 'lost_a|lost_b' });
    expect(await postgres.probe(context, spec, candidate)).toBe('not-live');
    void database.proxy.dropReplyTo('COMMIT\0');
    expect((await failureOf(apply())).failure).toMatchObject({ kind: 'unknown-outcome' });
    expect(await postgres.probe(context, spec, candidate)).toBe('live');
    await postgres.apply(context, spec, candidate, keep);
    expect(changesOf('lost_b')).toHaveLength(changes + 1);
    expect(failures()).toBe(failed);
  });

  test('whose change is late keeps the next try waiting until it has landed, and the old password works', async () => {
    await makeTakingTurns(database, ['late_a', 'late_b'], 'late');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'late_a|late_b' });
    const held = database.proxy.hold('request', 'COMMIT\0');
    const first = apply();
    await held.reached;
    expect(await postgres.probe(context, spec, candidate)).toBe('not-live');
    const second = apply();
    await database.waitsForLock();
    expect(await database.accepts('late_a', FIRST)).toBe(true);
    held.release();
    await Promise.all([first, second]);
    expect(changesOf('late_b')).toHaveLength(1);
    await postgres.verify(context, spec, candidate);
  });

  test('answers clearly, or not at all, wherever the connection is cut', async () => {
    await makeTakingTurns(database, ['cut_a', 'cut_b'], 'cut');
    for (let round = 0; round < 12; round += 1) {
      const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'cut_a|cut_b' });
      database.proxy.cutAt(round % 2 ? 'request' : 'reply', 1 + Math.floor(Math.random() * 1500));
      await apply().catch((error: unknown) => expect(postgres.classify(error).kind).toMatch(/transient|unknown-outcome/));
      database.proxy.clear();
      const truth = await database.accepts('cut_b', candidate.value.use(String));
      expect(await postgres.probe(context, spec, candidate)).toBe(truth ? 'live' : 'not-live');
      expect(await database.accepts('cut_a', FIRST)).toBe(true);
    }
  });

  test('is told a verifier only: neither its log nor any error has a value', async () => {
    await makeTakingTurns(database, ['quiet_a', 'quiet_b'], 'quiet');
    const { apply, candidate, context, spec } = await begin({ 'rot-principal': 'quiet_a|quiet_b' });
    await database.sql(`CREATE ROLE powerless LOGIN PASSWORD 'no rights at all'`);
    const powerless = await begin(
      { 'rot-principal': 'quiet_a|quiet_b' },
      { admin: JSON.stringify({ user: 'powerless', password: 'no rights at all' }) },
    );
    const refused = await failureOf(powerless.apply());
    expect(refused.failure).toMatchObject({ kind: 'denied', code: '42501', hint: expect.stringContaining('CREATEROLE') });
    await apply();
    await postgres.verify(context, spec, candidate);

    const log = database.server.log();
    expect(log).toContain(candidate.verifier);
    for (const { value, verifier = '' } of [candidate, powerless.candidate]) {
      expect(log).not.toContain(value.use(String));
      for (const secret of [value.use(String), verifier]) expect(refused.shown + JSON.stringify(refused.failure)).not.toContain(secret);
    }
  });

  test('with a person who changes the password after us is not taken for ours', async () => {
    await makeTakingTurns(database, ['human_a', 'human_b'], 'human');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'human_a|human_b' });
    await apply();
    await database.sql(`ALTER ROLE human_b PASSWORD 'something else'`);
    expect(await postgres.probe(context, spec, candidate)).toBe('not-live');
    await apply();
    expect(await postgres.probe(context, spec, candidate)).toBe('live');
  });

  test('tells who is logged in as the user that is not published, and nobody of the other', async () => {
    await makeTakingTurns(database, ['worn_a', 'worn_b'], 'worn');
    const { apply, context, spec, current, candidate } = await begin({ 'rot-principal': 'worn_a|worn_b' });
    await apply();
    const ask = (held: Held) => postgres.usersOf?.({ ...context, published: candidate }, spec, held);
    expect(await ask(current)).toEqual([]);
    await database.as('worn_a', FIRST, async (first) => {
      await first(`SET application_name = 'orders-api\u001b[31m'`);
      await database.as('worn_a', FIRST, async (second) => {
        await second('SELECT 1');
        expect(await ask(current)).toEqual([
          { application: '', sessions: 1 },
          { application: expect.stringMatching(/^orders-api[\w?]+$/), sessions: 1 },
        ]);
        expect(await ask(candidate)).toEqual([]);
      });
    });
  });

  test('throws sessions out with a compromised password, and with no other', async () => {
    await makeTakingTurns(database, ['leaked_a', 'leaked_b'], 'leaked');
    for (const endSessions of [false, true]) {
      const { apply, context, spec, current, candidate } = await begin({ 'rot-principal': 'leaked_a|leaked_b' });
      await database.as('leaked_a', FIRST, async (run) => {
        await apply();
        await postgres.retire({ ...context, endSessions }, spec, current, [candidate]);
        const alive = await run('SELECT 1').then(
          () => true,
          () => false,
        );
        expect(alive).toBe(!endSessions);
      });
      await database.sql(`ALTER ROLE leaked_a LOGIN PASSWORD '${FIRST}'`);
    }
  });

  test('lets a user change its own password, without any right', async () => {
    await database.sql(`CREATE ROLE alone LOGIN PASSWORD '${FIRST}'`);
    const { apply, context, spec, candidate } = await begin({
      'rot-principal': 'alone',
      'rot-admin': 'self',
      'rot-policy': 'strategy=single',
    });
    expect((await postgres.preflight(context, spec)).filter(({ ok }) => !ok)).toEqual([]);
    await apply();
    await postgres.verify(context, spec, candidate);
    expect(await postgres.probe(context, spec, candidate)).toBe('live');
    expect(await database.accepts('alone', FIRST)).toBe(false);
  });

  test.each([
    ['a role that there is not', { 'rot-principal': 'app_a|never' }, {}, { kind: 'gone', hint: 'never' }],
    ['an admin whose password is another', {}, { admin: '{"user":"postgres","password":"wrong"}' }, { kind: 'denied', hint: 'rot-admin' }],
    ['an admin secret without a login', {}, { admin: 'just a password' }, { kind: 'config', hint: 'username' }],
    ['TLS that the server does not have', { query: '?tls=on' }, {}, { kind: 'config', code: 'NoTls', hint: 'tls=off' }],
    ['a database that there is not', { query: 'x' }, {}, { kind: 'config', code: '3D000', hint: 'database' }],
  ])('says what is wrong with %s', async (_what, { query = '', ...tags }: Tags, options, { hint, ...failure }) => {
    const { apply } = await begin({ 'rot-target': `${database.target}${query}`, ...tags }, options);
    const found = (await failureOf(apply())).failure;
    expect(found).toMatchObject({ ...failure, hint: expect.stringContaining(hint) });
  });

  test('that takes no writes is not changed', async () => {
    await makeTakingTurns(database, ['ro_a', 'ro_b'], 'ro');
    await database.sql(`CREATE ROLE ro_admin LOGIN CREATEROLE PASSWORD '${FIRST}'`);
    await database.sql('ALTER ROLE ro_admin SET default_transaction_read_only = on');
    const { apply, context, spec } = await begin({ 'rot-principal': 'ro_a|ro_b' }, { admin: `postgres://ro_admin:${FIRST}@anywhere/` });
    expect((await failureOf(apply())).failure).toMatchObject({ kind: 'read-only' });
    const wrong = (await postgres.preflight(context, spec)).filter(({ ok }) => !ok);
    expect(wrong).toEqual([expect.objectContaining({ check: 'rot-target is the writable server' })]);
  });

  test.each([
    ['a grant that only one has', 'GRANT CREATE ON DATABASE postgres TO odd_a', 'granted the same'],
    ['a membership that only one has', 'GRANT pg_read_all_data TO odd_b', 'members of the same'],
    ['something that one owns', 'CREATE SCHEMA odd AUTHORIZATION odd_a', 'owns anything'],
    ['a password that expires', `ALTER ROLE odd_b VALID UNTIL '2020-01-01'`, 'expired'],
    ['a superuser', 'ALTER ROLE odd_b SUPERUSER', 'may set the password of odd_b'],
  ])('is found unfit for two users with %s', async (_what, statement, check) => {
    const [one, other] = ['odd_a', 'odd_b'].map((name) => `${name}${rotations}`) as [string, string];
    await makeTakingTurns(database, [one, other], `odd${rotations}`);
    const admin = `odd_admin${rotations}`;
    await database.sql(`CREATE ROLE ${admin} LOGIN CREATEROLE PASSWORD '${FIRST}'`);
    const { context, spec } = await begin({ 'rot-principal': `${one}|${other}` }, { admin: `postgres://${admin}:${FIRST}@anywhere/` });
    const wrong = async () => (await postgres.preflight(context, spec)).filter(({ ok }) => !ok).map((found) => found.check);
    expect(await wrong()).toEqual([]);
    await database.sql(
      statement.replaceAll(/odd_[ab]/g, (name) => quoted(name === 'odd_a' ? one : other)).replace('SCHEMA odd', `SCHEMA ${one}_s`),
    );
    expect(await wrong()).toEqual([expect.stringContaining(check.replace('odd_b', other))]);
  });

  test('that lets users in without asking for a password proves nothing', async () => {
    await makeTakingTurns(database, ['trusted_a', 'trusted_b'], 'trusted');
    await database.trust('trusted_b');
    const { apply, context, spec, candidate } = await begin({ 'rot-principal': 'trusted_a|trusted_b' });
    await apply();
    expect((await failureOf(postgres.verify(context, spec, candidate))).failure).toMatchObject({
      kind: 'config',
      hint: expect.stringContaining('without asking for the password'),
    });
  });
});
