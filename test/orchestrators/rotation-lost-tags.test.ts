import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { provided } from '../support/rotation-model/provided.ts';
import { SECRET, type Stage, setStage } from '../support/rotation-model/stage.ts';

vi.mock('../../src/providers/registry.ts', () => ({ PROVIDER_IDS: ['fake'], findProvider: () => provided.provider }));

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

/** A managed secret that was never rotated: nothing of it lies in escrow. Its vault was looked at once. */
async function setSeen(): Promise<Stage> {
  const stage = setStage({ kind: 'multi', lock: true });
  await stage.tell();
  stage.world.advance(3_600_000);
  return stage;
}

/** What each hour brings. */
async function passAnHour(stage: Stage): Promise<void> {
  stage.sweep(null);
  await stage.tell();
  await stage.hub.run(() => 0);
  stage.world.advance(3_600_000);
}

describe('a secret that loses its tags before its first rotation', () => {
  test('gets them back when somebody wrote a version past hsmkeep', async () => {
    const stage = await setSeen();
    const { vault, target } = stage;
    target.setByHand('by hand');
    vault.put(SECRET, { value: 'by hand', tags: { owner: 'team' } });
    await passAnHour(stage);

    expect(vault.newest(SECRET)?.tags).toMatchObject({ owner: 'team', 'rot-provider': 'fake', 'rot-policy': expect.any(String) });
    expect(stage.hub.lastRun()).toContain('"outcome":"adopted"');
  });

  test('is told of when no version has them any more, and once again with each try', async () => {
    const stage = await setSeen();
    const newest = stage.vault.newest(SECRET);
    if (newest) newest.tags = { owner: 'team' };
    for (let hour = 0; hour < 2; hour += 1) {
      await passAnHour(stage);
      expect(stage.hub.lastRun()).toMatch(/"status":"Failed".*the tags that say how to rotate it are gone/);
      stage.hub.lose();
    }
    expect(stage.target.changes()).toBe(0);
  });

  test.each([
    ["was taken out of hsmkeep's hands", { 'rot-provider': 'none' }],
    ['was never managed', undefined],
  ])('is left alone when it %s', async (_why, tags) => {
    const stage = setStage({ kind: 'multi', lock: true });
    const newest = stage.vault.newest(SECRET);
    if (newest && !tags) newest.tags = {};
    await stage.tell();
    if (newest && tags) newest.tags = tags;
    await passAnHour(stage);
    expect(stage.hub.lastRun()).toBe('');
  });
});
