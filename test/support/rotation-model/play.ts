import { inspect, inspectEntries, inspectNext, inspectRest, inspectStored, type Licence, watch, watchEnds } from './properties.ts';
import type { Human, Move, Schedule } from './schedules.ts';
import { SECRET, type Stage, type StageOptions, setStage } from './stage.ts';

const HOUR_MS = 3_600_000;
/** Looks of the sweep after all is calm: enough for every retry distance and the grace. */
const CALM_LOOKS = 12;

/**
 * Plays one schedule, then lets things calm down, and looks whether the properties held.
 *
 * @returns What was violated; empty when nothing was.
 */
export async function play(schedule: Schedule, options: StageOptions): Promise<readonly string[]> {
  const stage = setStage(options);
  const { world } = stage;
  const licence = licenceOf(schedule);
  watch(stage, licence);
  watchEnds(stage, licence);
  const person = personWho(schedule.human, stage);
  world.intervene = () => void person.next();
  world.disturb(schedule.disturbances);
  const pick = picker(schedule.picks);

  for (const move of schedule.moves) {
    world.story.push(`move ${JSON.stringify(move)}`);
    await make(move, stage, pick);
  }
  await stage.hub.run(pick);

  world.story.push('all is calm');
  for (const _rest of person);
  world.calm();
  // A first version without our tags is no business of the sweep's; the vault's own word of it is.
  if (licence.human) await stage.announce('SecretNewVersionCreated', stage.current()?.version ?? '', 1);
  await calmDown(stage, pick);
  if (licence.human) inspectStored(stage);
  else {
    inspect(stage);
    inspectEntries(stage);
  }
  await inspectNext(stage, licence, { run: () => stage.hub.run(pick), calmDown: () => calmDown(stage, pick) });
  await calmDown(stage, pick);
  inspect(stage);
  inspectRest(stage, licence);
  return world.violations;
}

/** Hours of nothing but sweeps, until every retry distance and the grace are over. */
export async function calmDown(stage: Stage, pick: (among: number) => number): Promise<void> {
  for (let look = 0; look < CALM_LOOKS; look += 1) {
    stage.world.advance(25 * HOUR_MS);
    await stage.closeLostRuns();
    stage.sweep(25 * HOUR_MS);
    await stage.hub.run(pick);
  }
}

function licenceOf({ moves, human }: Schedule): Licence {
  return {
    human: human !== 'none',
    compromise: moves.some((move) => move.do === 'compromise'),
    outOfReach: human === 'disables' || human === 'deletes',
  };
}

async function make(move: Move, stage: Stage, pick: (among: number) => number): Promise<void> {
  switch (move.do) {
    case 'ask':
      return stage.ask('normal');
    case 'compromise':
      return stage.ask('compromise');
    case 'announce':
      return stage.announce(move.type, move.stale ? stage.initial : (stage.current()?.version ?? ''), move.copies);
    case 'sweep':
      return stage.sweep(HOUR_MS);
    case 'tick':
      return stage.closeLostRuns();
    case 'wait':
      return stage.world.advance(move.ms);
    case 'work':
      return stage.hub.run(pick, move.turns);
    case 'lose-hub':
      return stage.hub.lose();
  }
}

/** What a person does, half at a time. */
function* personWho(human: Human, { world, vault, target, current }: Stage): Generator<void, void, void> {
  const write = (value: string): void => {
    world.story.push('a person writes a version');
    vault.put(SECRET, { value, tags: {} });
  };
  const set = (value: string): void => {
    world.story.push('a person sets the password on the target');
    target.setByHand(value);
  };
  const newest = current();
  switch (human) {
    case 'none':
      return;
    case 'target-first':
    case 'vault-first': {
      const value = world.newValue('human');
      if (human === 'target-first') set(value);
      else write(value);
      yield;
      if (human === 'target-first') write(value);
      else set(value);
      return yield;
    }
    case 'mistypes':
      write(world.newValue('human'));
      return yield;
    case 'disables':
      if (newest) newest.enabled = false;
      yield;
      if (newest) newest.enabled = true;
      return yield;
    case 'deletes':
      vault.delete(SECRET);
      yield;
      vault.recover(SECRET);
      return yield;
    case 'strips-grace':
      if (newest) {
        const { 'rot-grace-until': _gone, ...tags } = newest.tags;
        newest.tags = tags;
      }
      return yield;
  }
}

/** Goes through the numbers again and again. */
function picker(picks: readonly number[]): (among: number) => number {
  let turn = 0;
  return (among) => {
    turn += 1;
    return (picks[turn % picks.length] ?? 0) % among;
  };
}
