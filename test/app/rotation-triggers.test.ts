import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { startAppStack, until } from '../support/app-stack.ts';
import { FIRST, GENERATED, type RotationStack, rotationsOf, startRotations, told, VAULT } from '../support/rotations.ts';

const TOPIC = '/subscriptions/s/resourceGroups/g/providers/Microsoft.EventGrid/systemTopics/kv';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let { stack, receiver, kv, stop } = {} as RotationStack;
let queue: QueueClient;
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations({
    vault: { topic: TOPIC },
    queue: true,
    env: { HSMKEEP_EVENT_QUEUE: 'vault-events' },
  }));
  const queues = QueueServiceClient.fromConnectionString(stack.azurite.connectionString);
  queue = queues.getQueueClient('vault-events');
  await queue.create();
});
afterAll(() => stop?.());
afterEach(() => stack.emulator.control.clearFaults());

const runsOf = async (name: string): Promise<Run[]> => (await stack.api(`/runs?kind=rotation&subject=${VAULT}.${name}`)).body.value;
const viewsOf = async (prefix: string): Promise<string[]> =>
  ((await stack.api('/secrets')).body.value as { name: string; state: string }[]).flatMap(({ name, state }) =>
    name.startsWith(prefix) ? [state] : [],
  );
const viewOf = async (name: string) => (await stack.api(`/secrets/${VAULT}/${name}`)).body.secret;

const data = (name: string, version: string) => ({
  Id: `https://kv/secrets/${name}/${version}`,
  VaultName: VAULT,
  ObjectName: name,
  Version: version,
});
const nearExpiry = (name: string, version: string, more: object = {}) => ({
  id: crypto.randomUUID(),
  topic: TOPIC,
  subject: name,
  eventType: 'Microsoft.KeyVault.SecretNearExpiry',
  eventTime: new Date().toISOString(),
  dataVersion: '1',
  data: data(name, version),
  ...more,
});

const sweepUntil = (what: string, holds: () => Promise<boolean>): Promise<void> => kv.sweepUntil(what, holds);

describe('the sweep', () => {
  test('and what tells how a vault stands look at it as one duty, whatever others the app has', async () => {
    const callers = async () =>
      (await stack.emulator.control.requests()).flatMap(
        ({ host, path, caller }) => (host === VAULT && path === '/secrets' && caller) || [],
      );
    const hasTold = () => stack.hostLog().includes('metric {"name":"secrets_managed"');
    await sweepUntil('both looks', async () => hasTold() && (await callers()).length > 1);
    expect(new Set(await callers()).size).toBe(1);
  });

  test('rotates what is due, retires the old value after its grace, and closes the entry', async () => {
    await kv.makeHooked('swept');
    await kv.secrets.setSecret('left-alone', 'x', { tags: { owner: 'team' } });
    await stack.emulator.control.moveClock({ advanceMs: 61 * DAY_MS });
    await sweepUntil(
      'the rotation',
      async () => (await kv.versionsOf('swept')).length === 2 && (await viewOf('swept')).state === 'in-grace',
    );

    const { value = '' } = await kv.secrets.getSecret('swept');
    expect([...receiver.accepted].sort()).toEqual([FIRST, value].sort());
    expect(await kv.versionsOf('left-alone')).toHaveLength(1);

    await stack.emulator.control.moveClock({ advanceMs: 7 * DAY_MS });
    // What the alert outside the app lives on.
    expect(stack.hostLog()).toMatch(/secrets_overdue\W+value\W+\d+\W+vault\W+contoso-kv/);
    const told = ['queue_depth', 'escrow_open', 'retire_overdue', 'breaker_open', 'sweep_started_total', 'rotation_age_ratio'];
    await sweepUntil('the metrics', async () => told.every((name) => stack.hostLog().includes(name)));
    expect(stack.hostLog()).toMatch(
      /rotation_total\W+value\W+1\W+outcome\W+ok\W+vault\W+contoso-kv\W+provider\W+webhook\W+strategy\W+multi/,
    );
    expect(stack.hostLog()).toMatch(/probe_total\W+value\W+\d+\W+kind\W+\w+\W+result\W+live/);
    await sweepUntil('the retirement', async () => (await viewOf('swept')).state === 'fresh');
    expect([...receiver.accepted]).toEqual([value]);
    expect((await kv.secrets.getSecret('swept')).properties.tags).not.toHaveProperty('rot-grace-until');
    expect((await kv.entriesOf('swept')).map(({ enabled }) => enabled)).toEqual([false]);

    const runs = await runsOf('swept');
    const [rotated, retired] = ['rotated', 'retired'].map((one) => runs.find(({ result }) => result?.['outcome'] === one)?.result);
    expect(rotated).toMatchObject({ by: { kind: 'sweep' }, reason: 'due', replacedAgeDays: expect.any(Number) });
    // Not that a new value is there is what an auditor asks for, but that the old one works no more.
    expect(retired).toMatchObject({ retired: { rotationId: rotated?.['rotationId'], oldCredential: 'refused' } });
    expect(runs.map(({ result, status }) => [result?.['outcome'], status]).sort()).toEqual([
      ['retired', 'Completed'],
      ['rotated', 'Completed'],
    ]);
  });

  test('lets what is due wait for its window, and begins when that opens', async () => {
    const { properties } = await kv.secrets.setSecret('windowed', FIRST, { tags: GENERATED });
    const { createdAt, dueAt } = await viewOf('windowed');
    // What fails is tried again an hour, two, four and eight after it is due, and daily: none of these is in the window.
    const opens = new Date(Math.ceil((Date.parse(dueAt) + 5 * HOUR_MS) / HOUR_MS) * HOUR_MS).toISOString();
    const tags = { ...GENERATED, 'rot-policy': `window=daily ${opens.slice(11, 16)}/90m UTC` };
    await kv.secrets.updateSecretProperties('windowed', properties.version ?? '', { tags });

    await stack.emulator.control.moveClock({ advanceMs: Date.parse(dueAt) - Date.parse(createdAt) + HOUR_MS });
    expect(await viewOf('windowed')).toMatchObject({ state: 'due', next: null, windowOpensAt: opens });
    await stack.emulator.control.moveClock({ advanceMs: 3 * HOUR_MS });
    await sweepUntil('the rotation', async () => (await kv.versionsOf('windowed')).length === 2);

    const runs = (await runsOf('windowed')).toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    expect(runs.map(({ result }) => result?.['outcome'])).toEqual(['rotated']);
    const startedMs = Date.parse(runs[0]?.startedAt ?? '') - Date.parse(opens);
    expect(startedMs).toBeGreaterThanOrEqual(0);
    expect(startedMs).toBeLessThan(1.5 * HOUR_MS);
    expect((await viewOf('windowed')).windowOpensAt).toBeNull();
  });

  test('retires and closes with at most 6 requests to the vaults', async () => {
    await kv.secrets.setSecret('cheap', FIRST, { tags: GENERATED });
    await kv.rotate('cheap');
    await stack.emulator.control.moveClock({ advanceMs: 7 * DAY_MS });
    const before = (await stack.emulator.control.requests()).length;
    await sweepUntil('the retirement', async () => (await runsOf('cheap')).some(({ result }) => result?.['outcome'] === 'retired'));
    const asked = (await stack.emulator.control.requests())
      .slice(before)
      .filter(({ path }) => /^\/secrets\/(contoso-kv--)?cheap/.test(path));
    expect(asked.length, asked.map(({ method, path }) => `${method} ${path}`).join('\n')).toBeLessThanOrEqual(6);
  });

  test('keeps a value that somebody set past hsmkeep, and gives it back its tags', async () => {
    const account = await kv.makeOwn('reset-by-hand');
    await kv.rotate('reset-by-hand');
    account.add('by hand');
    await kv.secrets.setSecret('reset-by-hand', 'by hand');
    await sweepUntil('the tags', async () => (await viewOf('reset-by-hand')).provider === 'webhook');

    expect((await kv.secrets.getSecret('reset-by-hand')).value).toBe('by hand');
    const adopted = (await runsOf('reset-by-hand')).find(({ result }) => result?.['outcome'] === 'adopted');
    expect(adopted?.status).toBe('Completed');
    expect(await viewOf('reset-by-hand')).toMatchObject({ state: 'in-grace', graceUntil: expect.any(String) });
  });

  test('goes on with what was broken off, with the same value', async () => {
    await kv.makeHooked('broken-off');
    receiver.answerNext('apply', 403);
    const failed = await kv.rotate('broken-off');
    expect(failed.status).toBe('Failed');
    await sweepUntil('the rest of it', async () => (await viewOf('broken-off')).state === 'in-grace');
    expect(await kv.entriesOf('broken-off')).toHaveLength(1);
    expect([...receiver.accepted]).toContain((await kv.secrets.getSecret('broken-off')).value);
  });
});

describe('an event', () => {
  /** A secret that is due, made so by moving time on. */
  const makeDue = async (name: string): Promise<string> => {
    const { properties } = await kv.secrets.setSecret(name, FIRST, { tags: GENERATED });
    await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
    return properties.version ?? '';
  };
  /** As the app counts them. */
  const decisions = () => [...stack.hostLog().matchAll(/"name\W+events_total\W.*?"decision\W+([\w-]+)/g)].map(([, word]) => word);

  test.each(['Event Grid', 'CloudEvents'])('of the schema of %s starts the rotation of a due secret', async (schema) => {
    const name = schema === 'CloudEvents' ? 'announced-cloud' : 'announced-grid';
    const version = await makeDue(name);
    const { topic, eventType, ...rest } = nearExpiry(name, version);
    const event =
      schema === 'CloudEvents' ? { ...rest, specversion: '1.0', source: topic, type: eventType } : { ...rest, topic, eventType };
    expect(await stack.announce(event)).toBe(202);
    await until('the rotation', async () => (await kv.versionsOf(name)).length === 2);
    await until('its run', async () => (await runsOf(name)).some(({ status }) => status === 'Completed'));
  });

  test('from a queue starts the rotation just so, and what is no event is counted and not kept', async () => {
    const version = await makeDue('queued');
    const before = decisions().length;
    for (const text of [JSON.stringify(nearExpiry('queued', version)), 'no event'])
      await queue.sendMessage(Buffer.from(text).toString('base64'));
    await until('the rotation', async () => (await runsOf('queued')).some(({ status }) => status === 'Completed'));
    await until('the count', () => decisions().length >= before + 2);
    const words = decisions().slice(before);
    expect(words).toContain('malformed');
    // The sweep may have been there before it.
    expect(['started', 'duplicate', 'stale']).toContain(words.find((word) => word !== 'malformed'));
    await until('the queue to be empty', async () => (await queue.getProperties()).approximateMessagesCount === 0);
  });

  test('that comes a hundred times, at once and later, is one rotation', async () => {
    const version = await makeDue('echoed');
    const before = decisions().length;
    const answers = await Promise.all(Array.from({ length: 100 }, () => stack.announce(nearExpiry('echoed', version))));
    expect(new Set(answers)).toEqual(new Set([202]));
    await until('the rotation', async () => (await runsOf('echoed')).some(({ status }) => status === 'Completed'));
    expect(await stack.announce(nearExpiry('echoed', version))).toBe(202);
    await until('the count', () => decisions().length >= before + 101);
    // One that looked before the rotation ended and asked after it started a run that finds nothing to do.
    const outcomes = (await runsOf('echoed')).map(({ result }) => result?.['outcome']);
    expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
    expect(new Set(decisions().slice(before))).toEqual(new Set(['started', 'duplicate', 'stale']));
    expect(decisions().at(-1)).toBe('stale');
    expect(await kv.versionsOf('echoed')).toHaveLength(2);
    expect(await kv.entriesOf('echoed')).toHaveLength(1);
  });

  test('of many secrets at once starts a few rotations, and a sweep that does the rest in its order', async () => {
    const names = Array.from({ length: 16 }, (_, index) => `storm-${index}`);
    const stored = await Promise.all(names.map((name) => kv.secrets.setSecret(name, FIRST, { tags: GENERATED })));
    await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
    const before = decisions().length;
    // Event Grid sends again what was not taken.
    const tell = async (event: Readonly<Record<string, unknown>>): Promise<void> => {
      await until('an answer', async () => (await stack.announce(event)) === 202);
    };
    const beganMs = performance.now();
    await Promise.all(names.map((name, index) => tell(nearExpiry(name, stored[index]?.properties.version ?? ''))));
    const windows = 1 + Math.floor((performance.now() - beganMs) / 10_000);
    await sweepUntil('all of it', async () => (await viewsOf('storm-')).every((state) => state === 'in-grace'));
    const words = decisions().slice(before);
    expect(words.filter((word) => word === 'started').length, 'ten in ten seconds').toBeLessThanOrEqual(10 * windows);
    // What the sweep came upon first is a duplicate, or stale by then.
    expect(words.filter((word) => !['started', 'queued', 'duplicate', 'stale'].includes(word ?? ''))).toEqual([]);
    const versions = await Promise.all(names.map(async (name) => (await kv.versionsOf(name)).length));
    expect(new Set(versions)).toEqual(new Set([2]));
  });

  test('that is early, foreign, of an entry or no event at all starts nothing', async () => {
    const { properties } = await kv.secrets.setSecret('quiet', FIRST, { tags: GENERATED });
    const version = properties.version ?? '';
    const before = decisions().length;
    for (const event of [
      nearExpiry('quiet', version),
      nearExpiry('quiet', version, { topic: '/subscriptions/other' }),
      nearExpiry('quiet--pending', version),
      { nonsense: true },
      nearExpiry('quiet', version, { data: { ...data('quiet', version), VaultName: 'not-ours' } }),
    ])
      expect(await stack.announce(event)).toBe(202);
    await until('the words', async () => decisions().length >= before + 5);
    expect(decisions().slice(before)).toEqual(['not-due', 'other-topic', 'escrow', 'malformed', 'foreign']);
    expect(await runsOf('quiet')).toEqual([]);
  });

  test('is delivered again when the vault does not answer', async () => {
    const version = await makeDue('unreachable');
    await stack.emulator.control.fault({
      match: { method: 'GET', path: '/secrets/*' },
      times: 99,
      action: 'answer',
      status: 503,
      body: {},
    });
    expect(await stack.announce(nearExpiry('unreachable', version))).toBe(500);
  });

  test('of a version that somebody else made has it looked at', async () => {
    const account = await kv.makeOwn('touched');
    await kv.rotate('touched');
    account.add('by hand');
    const { properties } = await kv.secrets.setSecret('touched', 'by hand');
    const event = nearExpiry('touched', properties.version ?? '', { eventType: 'Microsoft.KeyVault.SecretNewVersionCreated' });
    expect(await stack.announce(event)).toBe(202);
    await until('the tags', async () => (await viewOf('touched')).provider === 'webhook');
    await until('the run', async () => (await runsOf('touched')).some(({ result }) => result?.['outcome'] === 'adopted'));
  });
});

describe('a person who asks', () => {
  /** A run that holds the secret's lock: it waits for its target, for as long as nobody moves time on. */
  async function makeWaiting(name: string, ask: (version: string) => Promise<unknown>): Promise<Run & { account: Set<string> }> {
    const account = await kv.makeOwn(name);
    receiver.focusOn(name);
    const version = (await kv.secrets.getSecret(name)).properties.version ?? '';
    receiver.answerNext('apply', 429, {}, { 'retry-after': '3600' });
    await ask(version);
    // A sweep may have the lock for a moment, and the run wait for that first.
    const atItsTarget = async () => (await runsOf(name)).find((run) => run.status === 'Waiting' && run.steps.at(-1)?.name === 'Apply');
    const stopHurrying = stack.hurry();
    await until('the wait', async () => (await atItsTarget()) !== undefined).finally(stopHurrying);
    return { ...((await atItsTarget()) as Run), account };
  }

  test('while a run that nobody asked for is under way gets a run of their own', async () => {
    const looking = await makeWaiting('looked-at', async (version) => {
      await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
      await stack.announce(nearExpiry('looked-at', version));
    });
    const id = await kv.ask('looked-at');
    expect(id).not.toBe(looking.id);

    const stopHurrying = stack.hurry(60_000);
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run.steps.at(-1)?.message, told(run)).toContain('still in its grace');
  });

  test('while what they ask for is under way is told which run does it, and for a compromise gets another', async () => {
    const running = await makeWaiting('asked-twice', () => kv.ask('asked-twice'));
    expect(await kv.ask('asked-twice')).toBe(running.id);

    const id = await kv.ask('asked-twice', { reason: 'seen in a log', mode: 'compromise' });
    expect(id).not.toBe(running.id);
    const stopHurrying = stack.hurry(60_000);
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run, told(run)).toMatchObject({ status: 'Completed', result: { mode: 'compromise', outcome: 'rotated' } });
    expect([...running.account]).toEqual([(await kv.secrets.getSecret('asked-twice')).value]);
  });
});

test('nothing is rotated in a vault that is only observed', async () => {
  const watched = await startAppStack({ vaults: [VAULT], vault: { rotation: 'observe' } });
  try {
    const seen = rotationsOf(watched, receiver);
    await seen.secrets.setSecret('db', FIRST, { tags: GENERATED });
    await watched.emulator.control.moveClock({ advanceMs: 61 * DAY_MS });
    const { body } = await watched.api('/secrets');
    expect(body.value).toMatchObject([{ name: 'db', state: 'due', next: { action: 'rotate' }, rotation: 'observe' }]);
    const refused = await watched.api(`/secrets/${VAULT}/db/rotate`, { method: 'POST', body: { reason: 'a test' } });
    expect(refused.body, refused.text).toMatchObject({ status: 409, detail: expect.stringContaining('only observed') });
  } finally {
    await watched.stop();
  }
});
