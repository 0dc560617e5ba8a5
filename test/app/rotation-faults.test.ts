import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { FIRST, rotationsOf, told, VAULT } from '../support/rotations.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const SLOW_MS = 120_000;
const COMPROMISED = { reason: 'seen in a log', mode: 'compromise' };

let receiver: WebhookReceiver;
let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
beforeAll(async () => {
  receiver = await startWebhookReceiver(FIRST);
  stack = await startAppStack({ vaults: [VAULT], vault: { targets: [receiver.url] } });
  kv = rotationsOf(stack, receiver);
  await kv.secrets.setSecret('hook-key', receiver.key);
});
afterAll(async () => {
  await stack?.stop();
  await receiver?.stop();
});
afterEach(() => stack.emulator.control.clearFaults());

/** So many requests about a secret and its entry make a compromise: those of a rotation and of the retirement after it. */
const REQUESTS = 18;
const requestsFor = async (name: string) =>
  (await stack.emulator.control.requests()).filter(({ path, status }) => path.includes(name) && status !== 401);

/** Asks for all of them at once; resolves when all have ended. */
async function endsOf(names: readonly string[], body: object): Promise<Run[]> {
  const stopHurrying = stack.hurry();
  try {
    return await Promise.all(names.map(async (name) => stack.runEnd(await kv.ask(name, body))));
  } finally {
    await stopHurrying();
  }
}

const EVERY = Array.from({ length: REQUESTS }, (_, at) => at);

/** Secrets each with a fault at another of these requests; the name tells at which. */
async function makeFaulty(what: string, fault: object, requests: readonly number[] = EVERY): Promise<string[]> {
  return await Promise.all(
    requests.map(async (at) => {
      const name = `${what}-${at}-x`;
      await kv.makeOwn(name, { owner: 'team' });
      await stack.emulator.control.fault({ match: { method: '*', path: `/secrets/*${name}*` }, skip: at, ...fault });
      return name;
    }),
  );
}

/** The law: what is published works and nothing else does, the target was changed once for each value, and nobody's tags are lost. */
async function expectSound(name: string, run: Run): Promise<void> {
  const { value = '', properties } = await kv.secrets.getSecret(name);
  const account = receiver.accountOf(name);
  expect([...account], `${name}: ${told(run)}`).toContain(value);
  expect(properties.tags, name).toMatchObject({ owner: 'team', 'rot-provider': 'webhook' });
  const entries = await kv.entriesOf(name);
  const values = new Set(entries.map(({ tags }) => tags?.['rot-id']));
  expect(new Set(entries.map(({ tags }) => tags?.['rot-base'])).size, `${name}: one value for each version`).toBe(values.size);
  expect(kv.applied(name), `${name}: one change for each value`).toBe(values.size);
}

describe('a rotation one of whose requests to the vaults', { timeout: SLOW_MS }, () => {
  test('(there are so many)', async () => {
    await kv.makeOwn('clean');
    const before = (await requestsFor('clean')).length;
    await endsOf(['clean'], COMPROMISED);
    expect((await requestsFor('clean')).length - before).toBe(REQUESTS);
  });

  test('is forbidden stops with the hint, sends no more, and goes on from there when the right is given', async () => {
    const body = { error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByRbac' } } };
    const names = await makeFaulty('denied', { times: 1, action: 'answer', status: 403, body });
    const runs = await endsOf(names, COMPROMISED);
    for (const [at, run] of runs.entries()) {
      expect(run, `${at}: ${told(run)}`).toMatchObject({ status: 'Failed' });
      expect(run.steps.at(-1)).toMatchObject({
        message: expect.stringContaining('ForbiddenByRbac'),
        hint: expect.stringContaining('role'),
      });
    }
    await stack.emulator.control.clearFaults();
    const again = await endsOf(names, COMPROMISED);
    for (const [at, run] of again.entries()) {
      expect(run.status, `${at}: ${told(run)}`).toBe('Completed');
      await expectSound(names[at] as string, run);
    }
  });

  test.each([
    [
      'throttled',
      EVERY.filter((at) => at % 2 === 0),
      { times: 4, action: 'answer', status: 429, headers: { 'retry-after': '0' }, body: {} },
    ],
    ['lost', EVERY.filter((at) => at % 2 === 1), { times: 4, action: 'dropBefore' }],
    ['unanswered', EVERY, { times: 4, action: 'dropAfter' }],
  ])('is %s for a while goes on with the same value', async (what, requests, fault) => {
    const names = await makeFaulty(what, fault, requests);
    const runs = await endsOf(names, COMPROMISED);
    for (const [at, run] of runs.entries()) {
      expect(run.status, `${at}: ${told(run)}`).toBe('Completed');
      await expectSound(names[at] as string, run);
      expect([...receiver.accountOf(names[at] as string)], 'the old value ended').toHaveLength(1);
    }
  });
});
