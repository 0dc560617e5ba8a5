import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { provided } from '../support/rotation-model/provided.ts';
import { SECRET, type Stage, setStage } from '../support/rotation-model/stage.ts';

vi.mock('../../src/providers/registry.ts', () => ({ PROVIDER_IDS: ['fake'], findProvider: () => provided.provider }));

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 7 * 24;
const inOrder = () => 0;

/** A secret that was rotated, on a target with one password; its grace is over. */
async function setRotated(): Promise<Stage> {
  const stage = setStage({ kind: 'single', lock: true });
  await stage.ask('normal');
  await stage.hub.run(inOrder);
  stage.world.advance(8 * 24 * HOUR_MS);
  stage.sweep(null);
  await stage.hub.run(inOrder);
  expect(stage.hub.lastRun()).toContain('"outcome":"retired"');
  return stage;
}

/** Sweeps hour after hour; resolves to what each check came to. */
async function passHours(stage: Stage, hours: number): Promise<string[]> {
  const ends: string[] = [];
  stage.hub.onEnd = ({ name, output }) => {
    if (name === 'rotateSecret') ends.push(JSON.stringify(output));
  };
  for (let hour = 0; hour < hours; hour += 1) {
    stage.world.advance(HOUR_MS);
    stage.sweep(HOUR_MS);
    await stage.hub.run(inOrder);
  }
  return ends;
}

describe('a secret with which there is nothing to do', () => {
  test('is tried on its target once a week, and left alone when it works', async () => {
    const stage = await setRotated();
    const before = JSON.stringify([stage.vault.stored(SECRET), stage.entries()]);
    const checks = await passHours(stage, 2 * WEEK_HOURS);
    expect(checks).toHaveLength(2);
    for (const check of checks) expect(check).toMatch(/"status":"Completed".*"name":"Check".*"outcome":"sound"/);
    expect(JSON.stringify([stage.vault.stored(SECRET), stage.entries()])).toBe(before);
    expect(stage.target.changes()).toBe(1);
  });

  test('gets the value back that its target went back to, as a database does that is restored', async () => {
    const stage = await setRotated();
    const [first] = stage.vault.stored(SECRET);
    stage.target.setByHand(first?.value ?? '');
    expect(await passHours(stage, WEEK_HOURS)).toEqual([expect.stringContaining('"outcome":"repaired"')]);
    expect(stage.current()?.value).toBe(first?.value);
  });

  test('is told of, and nothing is overwritten, when its target takes no value that is known', async () => {
    const stage = await setRotated();
    const before = JSON.stringify(stage.vault.stored(SECRET));
    stage.target.setByHand('by hand');
    expect(await passHours(stage, WEEK_HOURS)).toEqual([expect.stringMatching(/"status":"Failed".*hsmkeep secret/)]);
    expect(JSON.stringify(stage.vault.stored(SECRET))).toBe(before);
  });

  test('is not called broken because its target does not answer', async () => {
    const stage = await setRotated();
    stage.world.setTraps({ at: /^target: probe/, trouble: 'lost', times: 99 });
    expect(await passHours(stage, WEEK_HOURS)).toEqual([expect.stringMatching(/"status":"Completed".*"outcome":"nothing"/)]);
  });

  test('does not lose an event that comes while it is checked', async () => {
    const stage = await setRotated();
    const { version } = stage.current() ?? { version: '' };
    // Two months later it is due, and no sweep has come to it yet.
    stage.world.setTraps({
      at: /^target: probe/,
      before: async () => {
        stage.world.advance(60 * 24 * HOUR_MS);
        await stage.announce('SecretNearExpiry', version, 1);
      },
    });
    const ends = await passHours(stage, WEEK_HOURS);
    expect(stage.world.unsprung).toEqual([]);
    expect(ends.filter((end) => /"trigger":"event".*"outcome":"rotated"/.test(end))).toHaveLength(1);
  });
});
