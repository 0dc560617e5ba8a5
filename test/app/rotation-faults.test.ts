import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { FIRST, GENERATED, type RotationStack, startRotations, told, VAULT } from '../support/rotations.ts';

const SLOW_MS = 120_000;
const COMPROMISED = { reason: 'seen in a log', mode: 'compromise' };

let { stack, receiver, kv, stop } = {} as RotationStack;
beforeAll(async () => {
  // A sweep would go on with what a fault broke off before a person asks for it.
  ({ stack, receiver, kv, stop } = await startRotations({ timers: false }));
});
afterAll(() => stop?.());
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
  expect(receiver.changesFor(name), `${name}: one change for each value`).toBe(values.size);
}

describe('a rotation one of whose requests to the vaults', { timeout: SLOW_MS }, () => {
  test('(there are so many)', async () => {
    await kv.makeOwn('clean');
    const before = (await requestsFor('clean')).length;
    await endsOf(['clean'], COMPROMISED);
    expect((await requestsFor('clean')).length - before).toBe(REQUESTS);
  });

  test('is forbidden (every other of them) stops with the hint, sends no more, and goes on from there when the right is given', async () => {
    const body = { error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByRbac' } } };
    const requests = EVERY.filter((at) => at % 2 === 1);
    const names = await makeFaulty('denied', { times: 1, action: 'answer', status: 403, body }, requests);
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

/** Past the app, as whoever may. */
const deleteSecret = (name: string) =>
  stack.emulator.send(`${stack.emulator.ready.vaults[VAULT]}/secrets/${name}?api-version=7.6`, { method: 'DELETE' });
const ofDeleted = (name: string, method: string, more = '') =>
  stack.emulator.send(`${stack.emulator.ready.vaults[VAULT]}/deletedsecrets/${name}${more}?api-version=7.6`, { method });
const isThere = async (name: string): Promise<boolean> => (await kv.versionsOf(name).catch(() => [])).length > 0;

describe('a rotation whose secret is deleted', { timeout: SLOW_MS }, () => {
  test('at any step brings it back to nobody, tells, keeps the value, and goes on with it when the secret is recovered', async () => {
    const points = ['probe', 'apply', 'verify'].flatMap((action) => ['every=60d', 'strategy=single'].map((policy) => ({ action, policy })));
    const names = points.map(({ action, policy }) => `deleted-at-${action}-${policy.startsWith('s') ? 'single' : 'multi'}`);
    for (const [index, { action, policy }] of points.entries()) {
      const name = names[index] as string;
      await kv.makeOwn(name, { owner: 'team', 'rot-policy': policy });
      receiver.beforeNext(name, action, () => deleteSecret(name));
    }
    const runs = await endsOf(names, { reason: 'a test' });
    for (const [index, run] of runs.entries()) {
      const name = names[index] as string;
      expect(run.status, told(run)).toBe('Failed');
      expect(run.steps.at(-1)?.hint, told(run)).toMatch(/recover/);
      expect(await isThere(name), 'it stays deleted').toBe(false);
      expect((await kv.entriesOf(name)).map(({ enabled }) => enabled)).toEqual([true]);
      await ofDeleted(name, 'POST', '/recover');
    }
    await stack.emulator.control.moveClock({ advanceMs: 10_000 });
    const again = await endsOf(names, { reason: 'it is back' });
    for (const [index, run] of again.entries()) {
      expect(run.status, told(run)).toBe('Completed');
      await expectSound(names[index] as string, run);
      expect(await kv.entriesOf(names[index] as string)).toHaveLength(1);
    }
  });

  test('and purged makes no new one of that name', async () => {
    await kv.makeOwn('purged');
    receiver.beforeNext('purged', 'verify', async () => {
      await deleteSecret('purged');
      await stack.emulator.control.moveClock({ advanceMs: 10_000 });
      await ofDeleted('purged', 'DELETE');
      await stack.emulator.control.moveClock({ advanceMs: 10_000 });
    });
    const [run] = await endsOf(['purged'], { reason: 'a test' });
    expect(run?.status).toBe('Failed');
    expect(await isThere('purged')).toBe(false);
  });
});

describe('a rotation whose target', { timeout: SLOW_MS }, () => {
  /** One secret for each action, the next request of which is answered so. */
  async function makeAnswering(what: string, status: number, headers: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const names: string[] = [];
    for (const action of ['probe', 'apply', 'verify', 'retire']) {
      const name = `${what}-${action}`;
      await kv.makeOwn(name, { owner: 'team' });
      receiver.focusOn(name);
      receiver.answerNext(action, status, {}, headers);
      names.push(name);
    }
    return names;
  }

  test('forbids any one thing stops with the hint, and goes on from there', async () => {
    const names = await makeAnswering('barred', 403);
    for (const run of await endsOf(names, COMPROMISED))
      expect(run.steps.at(-1), told(run)).toMatchObject({ status: 'Failed', message: expect.stringContaining('Status403') });
    for (const [index, run] of (await endsOf(names, COMPROMISED)).entries()) {
      expect(run.status, told(run)).toBe('Completed');
      await expectSound(names[index] as string, run);
    }
  });

  test('is busy at any one thing is asked later', async () => {
    const names = await makeAnswering('busy', 429, { 'retry-after': '30' });
    for (const [index, run] of (await endsOf(names, COMPROMISED)).entries()) {
      expect(run.status, told(run)).toBe('Completed');
      await expectSound(names[index] as string, run);
    }
  });

  test('is down is left alone', async () => {
    const account = await kv.makeOwn('down');
    receiver.focusOn('down');
    for (let time = 0; time < 12; time += 1) receiver.loseNext('probe');
    const [run] = await endsOf(['down'], { reason: 'a test' });
    expect(run?.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining('no clear answer') });
    expect(kv.applied('down')).toBe(0);
    expect([...account]).toEqual([FIRST]);
  });

  test("is another's, whose tags somebody edited, is not touched, allowed or not", async () => {
    await kv.makeOwn('pointed-elsewhere');
    const theirs = receiver.openAccount('pointed-elsewhere', 'the value of another account');
    const [run] = await endsOf(['pointed-elsewhere'], { reason: 'a test' });
    expect(run?.status).toBe('Failed');
    expect(kv.applied('pointed-elsewhere')).toBe(0);
    expect([...theirs]).toEqual(['the value of another account']);
  });
});

describe('a rotation while a person', { timeout: SLOW_MS }, () => {
  test.each(['every=60d', 'strategy=single'])('sets another value (%s), at any step, ends with one that works', async (policy) => {
    const names: string[] = [];
    for (const action of ['probe', 'apply', 'verify']) {
      const name = `meddled-${policy.slice(0, 6).replace('=', '')}-${action}`;
      const account = await kv.makeOwn(name, { 'rot-policy': policy });
      receiver.beforeNext(name, action, async () => {
        account.add(`set by hand at ${action}`);
        await kv.secrets.setSecret(name, `set by hand at ${action}`);
      });
      names.push(name);
    }
    await endsOf(names, { reason: 'a test' });
    for (const [index, run] of (await endsOf(names, { reason: 'again' })).entries()) {
      const name = names[index] as string;
      expect([...receiver.accountOf(name)], told(run)).toContain((await kv.secrets.getSecret(name)).value);
    }
  });

  test.each([
    ['whose current version is disabled', 'disabled', 'is disabled'],
    ['whose vault is behind a firewall', 'ForbiddenByFirewall', 'firewall'],
    ['whose right is taken away', 'ForbiddenByRbac', 'lacks a right'],
  ])('has made it one %s is told so, and nothing is changed', async (_what, inner, words) => {
    const name = `shut-${inner.toLowerCase()}`;
    await kv.makeOwn(name);
    if (inner === 'disabled') {
      const { properties } = await kv.secrets.getSecret(name);
      await kv.secrets.updateSecretProperties(name, properties.version ?? '', { enabled: false });
    } else {
      const body = { error: { code: 'Forbidden', message: 'no', innererror: { code: inner } } };
      const match = { host: VAULT, method: 'GET', path: `/secrets/${name}*` };
      await stack.emulator.control.fault({ match, times: 1, action: 'answer', status: 403, body });
    }
    const [run] = await endsOf([name], { reason: 'a test' });
    expect(run?.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining(words), hint: expect.any(String) });
    expect(receiver.actionsFor(name)).toEqual([]);
    expect(await kv.entriesOf(name)).toEqual([]);
  });
});

describe('the tags of a secret', { timeout: SLOW_MS }, () => {
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`team-${n}`, `of the owner ${n}`]));

  test('that its owner gave it live through ten rotations, with the content type', async () => {
    await kv.secrets.setSecret('tagged', FIRST, { tags: { ...GENERATED, ...tags(8) }, contentType: 'text/x-owner' });
    for (let round = 0; round < 10; round += 1) await endsOf(['tagged'], COMPROMISED);
    const versions = await kv.versionsOf('tagged');
    expect(versions).toHaveLength(11);
    for (const { tags: kept, contentType } of versions) {
      expect(kept).toMatchObject(tags(8));
      expect(Object.keys(kept ?? {}).length).toBeLessThanOrEqual(15);
      expect(contentType).toBe('text/x-owner');
    }
  });

  test('that would be more than a vault takes are told before anything is changed', async () => {
    await kv.makeOwn('crowded', tags(11));
    const [run] = await endsOf(['crowded'], { reason: 'a test' });
    expect(run?.steps.at(-1)?.message).toContain('a secret takes 15');
    expect(kv.applied('crowded')).toBe(0);
    expect(await kv.entriesOf('crowded')).toEqual([]);
  });
});
