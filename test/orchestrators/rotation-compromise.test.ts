import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { calmDown } from '../support/rotation-model/play.ts';
import { inspect } from '../support/rotation-model/properties.ts';
import { provided } from '../support/rotation-model/provided.ts';
import { SECRET, type Stage, setStage } from '../support/rotation-model/stage.ts';

vi.mock('../../src/providers/registry.ts', () => ({ PROVIDER_IDS: ['fake'], findProvider: () => provided.provider }));

beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterAll(() => void vi.useRealTimers());

const KINDS = ['alternating', 'multi'] as const;
const inOrder = () => 0;

/** The host dies at a request, and its task hub is lost with it: what is left is what lies in the vaults. */
const breakOff = async ({ world, hub }: Stage, at: RegExp): Promise<void> => {
  world.setTraps({ at, trouble: 'crash-after' });
  const gone = world.lives + 1;
  while (world.lives < gone) await hub.run(inOrder, 1);
  hub.lose();
  world.setTraps();
};

/** One sweep, long before any grace would be over. */
const sweepOnce = async ({ world, hub, sweep, closeLostRuns }: Stage): Promise<void> => {
  world.advance(3_600_000);
  await closeLostRuns();
  sweep(null);
  await hub.run(inOrder);
};

const values = ({ target }: Stage): readonly string[] => target.accepted().map(({ value }) => value);

describe.each(KINDS)('a compromised value of a target that is %s', (kind) => {
  test.each([
    ['the new value was stored', /^contoso-escrow: write .* \(open\)/],
    ['the target was changed', /^target: apply/],
    ['the new value was published', /^contoso-kv: write/],
    ['it was seen to work', /^contoso-escrow: update .* \(published\)/],
  ])('ends at once although the run is lost when %s', async (_when, at) => {
    const stage = setStage({ kind, lock: true });
    await stage.ask('compromise');
    await breakOff(stage, at);
    await sweepOnce(stage);

    expect(values(stage)).toEqual([stage.current()?.value]);
    expect(stage.current()?.version).not.toBe(stage.initial);
    expect(stage.world.violations).toEqual([]);
  });

  test('ends at once when that is said of a rotation under way, and the run is lost', async () => {
    const stage = setStage({ kind, lock: true });
    await stage.ask('normal');
    await breakOff(stage, /^target: apply/);
    stage.world.advance(1_000);
    await stage.closeLostRuns();
    await stage.ask('compromise');
    await breakOff(stage, /^contoso-kv: write/);
    await sweepOnce(stage);

    expect(values(stage)).toEqual([stage.current()?.value]);
    expect(stage.vault.stored(SECRET)).toHaveLength(2);
  });

  test('leaves no entry open, the one before it neither', async () => {
    const stage = setStage({ kind, lock: true });
    await stage.ask('normal');
    await stage.hub.run(inOrder);
    stage.world.advance(1_000);
    await stage.ask('compromise');
    await stage.hub.run(inOrder);

    expect(stage.entries().map(({ enabled }) => enabled)).toEqual([false, false]);
    expect(values(stage)).toEqual([stage.current()?.value]);
  });
});

describe('what is published and does not work', () => {
  test('is not given up while the target gives no clear answer on an earlier version', async () => {
    const stage = setStage({ kind: 'multi', lock: true });
    const { world, hub, vault, target } = stage;
    const [first] = target.accepted();
    vault.put(SECRET, { value: world.newValue('human'), tags: vault.newest(SECRET)?.tags ?? {} });
    world.advance(1_000);
    await stage.ask('normal');
    // The new value and the published one are asked for twice; then comes the version before.
    world.setTraps({ at: /^target: probe/, before: () => {}, times: 4 }, { at: /^target: probe/, trouble: 'lost' });
    await hub.run(inOrder);

    expect(world.unsprung).toEqual([]);
    expect(hub.lastRun()).toContain('"outcome":"repaired"');
    expect(values(stage)).toContain(first?.value);
    world.calm();
    await calmDown(stage, inOrder);
    inspect(stage);
    expect(world.violations).toEqual([]);
  });
});
