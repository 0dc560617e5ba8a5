import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { describeWithRedis, startTestRedis, type TestRedis } from '../support/redis.ts';
import { FIRST, rotationsOf, told, VAULT } from '../support/rotations.ts';

describeWithRedis('the rotation of a Redis user', () => {
  let redis: TestRedis;
  let stack: AppStack;
  let kv: ReturnType<typeof rotationsOf>;
  beforeAll(async () => {
    redis = await startTestRedis();
    stack = await startAppStack({ vaults: [VAULT], vault: { targets: [redis.target] }, timers: false });
    kv = rotationsOf(stack);
    await kv.secrets.setSecret('cache-admin', redis.admin);
  });
  afterAll(async () => {
    await stack?.stop();
    await redis?.stop();
  });

  const manage = async (name: string) => {
    await redis.makeUser(name, FIRST);
    const tags = { 'rot-provider': 'redis-acl', 'rot-target': redis.target, 'rot-principal': name, 'rot-admin': `${VAULT}/cache-admin` };
    await kv.secrets.setSecret(name, FIRST, { tags });
  };
  const accepted = async (name: string, value: string) =>
    Promise.all([redis.primary, redis.replica].map((node) => node.accepts(name, value)));
  const published = async (name: string) => (await kv.secrets.getSecret(name)).value ?? '';

  test('whose answer was lost makes one change, and after a compromise ends what leaked on every server', async () => {
    await manage('app');
    void redis.proxy.dropReplyTo('SETUSER');
    const run = await kv.rotate('app');
    expect(run.status, told(run)).toBe('Completed');
    expect(await accepted('app', await published('app'))).toEqual([true, true]);
    expect(await accepted('app', FIRST)).toEqual([true, true]);
    expect(await kv.entriesOf('app')).toHaveLength(1);

    const leaked = await published('app');
    const again = await kv.rotate('app', { reason: 'seen in a log', mode: 'compromise' });
    expect(again.status, told(again)).toBe('Completed');
    expect(await accepted('app', leaked)).toEqual([false, false]);
    expect(await accepted('app', await published('app'))).toEqual([true, true]);
  });

  // All the others are killed in the soak.
  test('killed after the servers were changed goes on with the same value, which outlives a power cut', async () => {
    await manage('killed');
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: 'after-activity:applySecret:1' });
    const id = await kv.ask('killed');
    await stack.hostGone();
    await redis.primary.killAndRestart();
    await stack.startHost();
    const stopHurrying = stack.hurry();
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run.status, told(run)).toBe('Completed');
    expect(await accepted('killed', await published('killed'))).toEqual([true, true]);
    expect(await accepted('killed', FIRST), 'the old one works in its grace').toEqual([true, true]);
    expect(await kv.versionsOf('killed')).toHaveLength(2);
  });
});
