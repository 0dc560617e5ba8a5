import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import { parseManagement, type Tags } from '../../src/domain/rotation/tags.ts';
import { redisAcl } from '../../src/providers/redis-acl.ts';
import { redisFailure } from '../../src/providers/redis-session.ts';
import { describeProviderContract, managementOf, providerContext } from '../support/provider-contract.ts';
import { describeWithRedis, sha256, startRedisNode, startTestRedis, type TestRedis } from '../support/redis.ts';

const FIRST = 'first-password-of-a-test';
const tagsOf = (tags: Tags = {}): Tags => ({
  'rot-provider': 'redis-acl',
  'rot-target': 'rediss://cache.contoso.net',
  'rot-principal': 'app',
  'rot-admin': 'contoso-kv/admin',
  ...tags,
});
const parsed = (tags: Tags = {}) => {
  const management = parseManagement(tagsOf(tags));
  if (management.status !== 'managed') throw new Error('The tags of the test are no good.');
  return redisAcl.parse(management.management);
};

describe('the tags of a Redis secret', () => {
  test.each([
    [{}, { target: { host: 'cache.contoso.net', port: 6379, tls: true }, user: 'app' }],
    [{ 'rot-target': 'redis://cache.contoso.net' }, { target: { tls: true } }],
    [{ 'rot-target': 'redis://cache.contoso.net:6380?tls=off' }, { target: { port: 6380, tls: false } }],
    [{ 'rot-target': 'redis://127.0.0.1:7000' }, { target: { tls: false } }],
    [{ 'rot-principal': `it's"$;\\` }, { user: `it's"$;\\` }],
  ])('%j are read as %j', (tags, spec) => {
    expect(parsed(tags as Tags)).toMatchObject(spec);
  });

  test.each([
    [{ 'rot-target': 'https://cache' }, 'rot-target'],
    [{ 'rot-target': 'redis://user:word@cache' }, 'credentials'],
    [{ 'rot-principal': '' }, 'rot-principal'],
    [{ 'rot-principal': 'two words' }, 'rot-principal'],
    [{ 'rot-principal': 'a\nb' }, 'rot-principal'],
    [{ 'rot-principal': 'x'.repeat(257) }, '256'],
    [{ 'rot-admin': 'self' }, 'rot-admin'],
    [{ 'rot-policy': 'strategy=single' }, 'strategy'],
  ])('%j are refused', (tags, message) => {
    expect(() => parsed(tags)).toThrow(message);
  });
});

test.each([
  [new Error('WRONGPASS invalid username-password pair canary'), 'denied'],
  [new Error('NOPERM this user has no permissions canary'), 'denied'],
  [new Error('READONLY canary'), 'read-only'],
  [new Error('LOADING canary'), 'transient'],
  [new Error('ERR canary'), 'config'],
  [new Error('canary'), 'transient'],
  [{ code: 'ECONNREFUSED', message: 'canary' }, 'transient'],
  [{ code: 'CERT_HAS_EXPIRED' }, 'config'],
  ['canary', 'transient'],
])('%o of the driver is a failure of the kind %s', (thrown, kind) => {
  expect(redisFailure(thrown)).toMatchObject({ kind });
  expect(inspect(redisFailure(thrown))).not.toContain('canary');
});

describeWithRedis('a real Redis and its replica', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis?.stop());

  const setup = (user: string, target = redis.target, admin = redis.admin) => {
    const management = managementOf(tagsOf({ 'rot-target': target, 'rot-principal': user }));
    return { context: providerContext(management, { admin }), spec: redisAcl.parse(management) };
  };
  const candidateOf = (slot: string, text = `value-of-${slot}`) => ({ rotationId: 'r1', slot, value: new Sensitive(text) });
  const first = (slot: string) => ({ slot, value: new Sensitive(FIRST) });
  const failure = async (work: Promise<unknown>) =>
    redisAcl.classify(
      await work.then(
        () => expect.fail('it did not fail'),
        (error: unknown) => error,
      ),
    );
  const users = async () => [await redis.primary.run('ACL', 'LIST'), await redis.replica.run('ACL', 'LIST')];

  describeProviderContract(redisAcl, async () => {
    await redis.makeUser('app', FIRST);
    return {
      tags: tagsOf({ 'rot-target': redis.target }),
      first: FIRST,
      admin: redis.admin,
      accepts: async (user, password) => {
        const each = await Promise.all([redis.primary, redis.replica].map((node) => node.accepts(user, password)));
        expect(each[0], 'primary and replica agree').toBe(each[1]);
        return each[0] === true;
      },
      loseNextAnswer: async () => void redis.proxy.dropReplyTo('SETUSER'),
      stop: async () => {},
    };
  });

  test('has old and new password on every server, also after a power cut', async () => {
    await redis.makeUser('durable', FIRST);
    const { context, spec } = setup('durable');
    const candidate = candidateOf('durable');
    await redisAcl.apply(context, spec, candidate, [first('durable')]);
    await redisAcl.verify(context, spec, candidate);
    for (const node of [redis.primary, redis.replica]) {
      await node.killAndRestart();
      expect([await node.accepts('durable', 'value-of-durable'), await node.accepts('durable', FIRST)]).toEqual([true, true]);
    }
    await redisAcl.retire(context, spec, first('durable'), [candidate]);
    await redis.primary.killAndRestart();
    expect(await redis.primary.accepts('durable', FIRST)).toBe(false);
  });

  test('writes down what a crash left in memory only', async () => {
    await redis.makeUser('halfway', FIRST);
    await redis.primary.run('ACL', 'SAVE');
    for (const node of [redis.primary, redis.replica]) await node.run('ACL', 'SETUSER', 'halfway', `#${sha256('value-of-halfway')}`);
    const { context, spec } = setup('halfway');
    expect(await redisAcl.probe(context, spec, candidateOf('halfway'))).toBe('live');
    await redisAcl.verify(context, spec, candidateOf('halfway'));
    await redis.primary.killAndRestart();
    expect(await redis.primary.accepts('halfway', 'value-of-halfway')).toBe(true);
  });

  test('throws sessions out with a compromised password, and with no other', async () => {
    for (const endSessions of [false, true]) {
      await redis.makeUser('leaked', FIRST);
      const { context, spec } = setup('leaked');
      const isAlive = (node: 'primary' | 'replica') =>
        redis[node].as('leaked', FIRST, async (run) => {
          await redisAcl.apply(context, spec, candidateOf('leaked'), [first('leaked')]);
          await redisAcl.retire({ ...context, endSessions }, spec, first('leaked'), [candidateOf('leaked')]);
          return run('PING').then(
            () => true,
            () => false,
          );
        });
      expect(await isAlive('primary')).toBe(!endSessions);
      await redis.makeUser('leaked', FIRST);
      expect(await isAlive('replica')).toBe(!endSessions);
    }
  });

  test('whose administrator may throw nobody out ends the password all the same', async () => {
    await redis.makeUser('kept', FIRST);
    for (const node of [redis.primary, redis.replica])
      await node.run('ACL', 'SETUSER', 'meek', 'reset', 'on', '>meek', '+@all', '-client|kill');
    const { context, spec } = setup('kept', redis.target, JSON.stringify({ username: 'meek', password: 'meek' }));
    await redisAcl.apply(context, spec, candidateOf('kept'), [first('kept')]);
    await redisAcl.retire({ ...context, endSessions: true }, spec, first('kept'), [candidateOf('kept')]);
    expect(await redis.primary.accepts('kept', FIRST)).toBe(false);
  });

  test('does not take a password that a replica lacks for live, and gives it to the replica', async () => {
    await redis.makeUser('behind', FIRST);
    await redis.primary.run('ACL', 'SETUSER', 'behind', '>value-of-behind');
    const { context, spec } = setup('behind');
    expect(await redisAcl.probe(context, spec, candidateOf('behind'))).toBe('not-live');
    expect(await failure(redisAcl.verify(context, spec, candidateOf('behind')))).toEqual({ kind: 'transient', code: 'LoginRefused' });
    await redisAcl.apply(context, spec, candidateOf('behind'), [first('behind')]);
    expect(await redisAcl.probe(context, spec, candidateOf('behind'))).toBe('live');
  });

  test.each(['misspelt', 'semi;colon', 'x'.repeat(256), '>word'])(
    'asked for the user %s, whom it has not, changes nobody and makes nobody',
    async (name) => {
      const { context, spec } = setup(name);
      const before = await users();
      expect(await failure(redisAcl.apply(context, spec, candidateOf(name), []))).toMatchObject({ kind: 'gone', code: 'NoSuchUser' });
      expect(await redisAcl.probe(context, spec, candidateOf(name))).toBe('not-live');
      expect(await users()).toEqual(before);
      expect((await redisAcl.preflight(context, spec)).some(({ ok }) => !ok)).toBe(true);
    },
  );

  test.each([`it's"dollar$"`, 'back\\slash;colon'])('rotates the user %s and no other', async (name) => {
    await redis.makeUser(name, FIRST);
    const others = async () => ((await redis.primary.run('ACL', 'LIST')) as string[]).filter((line) => !line.startsWith(`user ${name} `));
    const before = await others();
    const { context, spec } = setup(name);
    await redisAcl.apply(context, spec, candidateOf(name), [first(name)]);
    await redisAcl.verify(context, spec, candidateOf(name));
    expect(await others()).toEqual(before);
    await redisAcl.retire(context, spec, first(name), [candidateOf(name)]);
    expect(await redis.primary.accepts(name, FIRST)).toBe(false);
  });

  test('refuses a user who needs no password', async () => {
    await redis.makeUser('open', FIRST, 'nopass');
    const { context, spec } = setup('open');
    expect((await redisAcl.preflight(context, spec)).filter(({ ok }) => !ok).map(({ check }) => check)).toContainEqual(
      expect.stringContaining('asks the user for a password'),
    );
    expect(await failure(redisAcl.apply(context, spec, candidateOf('open'), []))).toMatchObject({ kind: 'config' });
  });

  test('refuses a replica in the place of the primary, and a wrong administrator', async () => {
    await redis.makeUser('app', FIRST);
    const replica = setup('app', `redis://127.0.0.1:${redis.replica.server.port}`);
    expect(await failure(redisAcl.apply(replica.context, replica.spec, candidateOf('app'), []))).toMatchObject({ kind: 'read-only' });
    const stranger = setup('app', redis.target, '{"username":"admin","password":"canary"}');
    const denied = await failure(redisAcl.apply(stranger.context, stranger.spec, candidateOf('app'), []));
    expect(denied).toMatchObject({ kind: 'denied', code: 'WRONGPASS' });
    expect(inspect(denied)).not.toContain('canary');
  });

  test('says that it does not know when nobody answers', async () => {
    const { context, spec } = setup('app', 'redis://127.0.0.1:1');
    expect(await redisAcl.probe(context, spec, candidateOf('app'))).toBe('unknown');
  });

  test('refuses a server that forgets its users, and takes one that rewrites its configuration', async () => {
    const forgetful = await startRedisNode({ persistence: 'none' });
    const rewriting = await startRedisNode({ persistence: 'config' });
    try {
      for (const node of [forgetful, rewriting]) await node.run('ACL', 'SETUSER', 'app', 'on', `>${FIRST}`, '+ping');
      const on = ({ server }: typeof forgetful) =>
        setup('app', `redis://127.0.0.1:${server.port}`, JSON.stringify({ username: server.admin.user, password: server.admin.password }));

      const bad = on(forgetful);
      expect((await redisAcl.preflight(bad.context, bad.spec)).filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([
        expect.stringContaining('keeps users over a restart'),
      ]);
      expect(await failure(redisAcl.apply(bad.context, bad.spec, candidateOf('app'), []))).toMatchObject({ kind: 'config' });

      const good = on(rewriting);
      expect((await redisAcl.preflight(good.context, good.spec)).filter(({ ok }) => !ok)).toEqual([]);
      await redisAcl.apply(good.context, good.spec, candidateOf('app'), [first('app')]);
      await rewriting.killAndRestart();
      expect(await rewriting.accepts('app', 'value-of-app')).toBe(true);
    } finally {
      await forgetful.stop();
      await rewriting.stop();
    }
  });

  test('sends the servers no password of a change, only hashes', async () => {
    await redis.makeUser('hashed', FIRST);
    await redis.primary.run('SLOWLOG', 'RESET');
    await redis.primary.run('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    const { context, spec } = setup('hashed');
    await redisAcl.apply(context, spec, candidateOf('hashed', 'canary-value'), [first('hashed')]);
    await redisAcl.retire(context, spec, first('hashed'), [candidateOf('hashed', 'canary-value')]);
    expect(inspect(await redis.primary.run('SLOWLOG', 'GET', '1000'), { depth: 9, maxArrayLength: null })).not.toMatch(
      /canary-value|first-password/,
    );
    expect(inspect(await users(), { depth: 9 })).toContain(sha256('canary-value'));
  });
});
