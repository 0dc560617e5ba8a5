import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { FIRST, GENERATED, type RotationStack, startRotations, VAULT } from '../support/rotations.ts';

const DAY_MS = 86_400_000;
const STORM = 30;

let { stack, receiver, kv, stop } = {} as RotationStack;
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations());
});
afterAll(() => stop?.());

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const runsOf = async (prefix: string): Promise<Run[]> => {
  const { body } = await stack.api('/runs?kind=rotation&top=500');
  return (body.value as Run[]).filter(({ subject }) => subject.startsWith(`${VAULT}.${prefix}-`));
};
const outcomes = async (prefix: string) =>
  (await runsOf(prefix)).map(({ status, result }) => `${status} ${result?.['outcome'] ?? ''}`.trim());
/** Not too often: each look reads every run. */
const rotated = async (prefix: string) => {
  await delay(250);
  return (await outcomes(prefix)).filter((outcome) => outcome === 'Completed rotated').length;
};

describe('the dispatcher', () => {
  test('rotates a storm of due secrets once each, though the vault refuses most requests of it', async () => {
    const storm = names('storm', STORM);
    await Promise.all(storm.map((name) => kv.secrets.setSecret(name, FIRST, { tags: GENERATED })));
    await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
    await stack.emulator.control.limits({ createsPer10s: 5, othersPer10s: 100 });
    const before = (await stack.emulator.control.requests()).length;
    await kv.sweepUntil('all of it', async () => (await rotated('storm')) === STORM);
    await stack.emulator.control.limits({ createsPer10s: null, othersPer10s: null });

    expect(new Set(await outcomes('storm'))).toEqual(new Set(['Completed rotated']));
    const versions = await Promise.all(storm.map(async (name) => (await kv.versionsOf(name)).length));
    expect(new Set(versions)).toEqual(new Set([2]));
    const refused = (await stack.emulator.control.requests()).slice(before).filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    const turns = await Promise.all((await runsOf('storm')).map(({ id }) => stack.activityTurns(id)));
    expect(Math.max(...turns)).toBeLessThanOrEqual(100);
  });

  test('stops on a target where five failed, goes on elsewhere, and takes it up again when the target is well', async () => {
    await kv.secrets.setSecret('hook-key', 'no longer the key');
    await Promise.all(names('hooked', 12).map((name) => kv.secrets.setSecret(name, FIRST, { tags: kv.hooked() })));
    await Promise.all(names('other', 3).map((name) => kv.secrets.setSecret(name, FIRST, { tags: GENERATED })));
    await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
    const held = async () => (await stack.api('/secrets')).body.problems as { problem: { message: string } }[];
    await kv.sweepUntil('the stop', async () => (await held()).length > 0);
    expect((await held())[0]?.problem.message).toContain(`webhook ${new URL(receiver.url).origin}`);
    await kv.sweepUntil('the others', async () => (await rotated('other')) === 3);
    const failed = (await outcomes('hooked')).filter((outcome) => outcome === 'Failed');
    expect(failed.length).toBeGreaterThanOrEqual(5);
    expect(failed.length).toBeLessThan(12);

    await kv.secrets.setSecret('hook-key', receiver.key);
    // One goes ahead. The receiver is one account, so what the others do to it afterwards is not looked at.
    await kv.sweepUntil('the one that goes ahead', async () => (await rotated('hooked')) > 0);
    await kv.sweepUntil('the word that all is well', async () => (await held()).length === 0);
  });
});
