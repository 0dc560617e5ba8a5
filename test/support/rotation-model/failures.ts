import { MAKER_KINDS, TARGET_KINDS, type TargetKind } from './fake-targets.ts';
import { calmDown } from './play.ts';
import { inspect, inspectEntries, inspectRest, type Licence, watch, watchEnds } from './properties.ts';
import { SECRET, type Stage, setStage } from './stage.ts';
import type { Trap, Trouble } from './world.ts';

/** How far a rotation has come when something happens to it. */
export const POINTS = {
  P0: 'before anything',
  P1: 'a value was made, not stored',
  P2: 'it is in escrow',
  P3: 'the change was sent',
  P4: 'the target was seen to take it, it is not published',
  P5: 'the publication was sent',
  P6: 'it is published, the old one is in its grace',
  P7: 'the end of the old one was sent',
  P8: 'the old one has ended, the entry is open',
} as const;
export type Point = keyof typeof POINTS;

/** What happens. */
export const FAILURES = {
  crash: 'the host is killed',
  timeout: 'no answer comes',
  duplicate: 'the event comes again',
  human: 'a person sets another value',
  disorder: 'an event comes that is out of date',
  deleted: 'the secret is deleted',
  throttled: 'it is answered 429',
  forbidden: 'it is answered 403',
} as const;
export type Failure = keyof typeof FAILURES;

/** The request that a point is known by, in the words of the fakes. */
const REQUEST: Readonly<Record<Point, RegExp>> = {
  P0: /^contoso-kv: read /,
  P1: /^contoso-escrow: write .* \((open|intent)\)/,
  P2: /^contoso-escrow: write .* \((open|intent)\)/,
  P3: /^target: (apply|regenerate|issue)/,
  P4: /^target: verify/,
  P5: /^contoso-kv: write/,
  P6: /^contoso-escrow: update .* \(published\)/,
  P7: /^target: retire/,
  P8: /^contoso-escrow: update .* \(disabled\)/,
};
/** What somebody else does there, they do before its request; at the others, right after it took effect. */
const BEFORE: readonly Point[] = ['P0', 'P1'];
/** The one that follows what is in escrow: its own answer is that of the point before. */
const NEXT = /^target: probe/;
/** Reached when the grace is over. */
const TAIL: readonly Point[] = ['P7', 'P8'];

const DAY_MS = 86_400_000;

/** With one password nothing is left to be ended; one that keeps the last two forgets what it has to keep when a person sets a third. */
const kindsAt = (point: Point, failure: Failure): TargetKind[] =>
  TARGET_KINDS.filter((kind) => !(kind === 'single' && point === 'P7') && !(kind === 'retain' && failure === 'human'));

/**
 * Plays a failure at a point on every kind of target, in each of its forms, lets things calm down, and looks.
 *
 * @returns What was violated; empty when nothing was.
 */
export async function playFailure(point: Point, failure: Failure): Promise<readonly string[]> {
  const violations: string[] = [];
  for (const kind of kindsAt(point, failure))
    for (const form of formsOf(failure)) {
      const found = await playForm(point, kind, failure, form);
      violations.push(...found.map((what) => `${kind}, ${form}: ${what}`));
    }
  return violations;
}

const FORMS = {
  crash: ['crash-before', 'crash-after', 'crash-late'],
  timeout: ['lost', 'answer-lost', 'late'],
  throttled: ['throttled'],
  forbidden: ['forbidden'],
} as const satisfies Partial<Record<Failure, readonly Trouble[]>>;

const formsOf = (failure: Failure): readonly (Trouble | '')[] => (failure in FORMS ? FORMS[failure as keyof typeof FORMS] : ['']);

async function playForm(point: Point, kind: TargetKind, failure: Failure, form: Trouble | ''): Promise<readonly string[]> {
  const stage = setStage({ kind, lock: true });
  const { world, hub } = stage;
  const licence: Licence = { human: failure === 'human', compromise: false, outOfReach: failure === 'deleted' };
  watch(stage, licence);
  watchEnds(stage, licence);
  const seen = happening(stage, point, failure, form);

  if (!TAIL.includes(point)) world.setTraps(seen.trap);
  await stage.ask('normal');
  await hub.run(() => 0);
  if (TAIL.includes(point)) {
    world.setTraps(seen.trap);
    world.advance(8 * DAY_MS);
    stage.sweep(null);
    await hub.run(() => 0);
  }
  if (world.unsprung.length > 0) world.violated('test', 'the point was not reached');
  seen.look();

  world.calm();
  await calmDown(stage, () => 0);
  seen.lookAgain?.();
  inspect(stage);
  inspectRest(stage, licence);
  if (failure === 'human') return world.violations;
  inspectEntries(stage);
  inspectOnce(stage, MAKER_KINDS.includes(kind) && (failure === 'crash' || failure === 'timeout'));
  return world.violations;
}

/** What happens at the point, what is to be seen when the run that met it has ended, and what when all is over. */
type Happening = Readonly<{ trap: Trap; look(): void; lookAgain?(): void }>;

function happening(stage: Stage, point: Point, failure: Failure, form: Trouble | ''): Happening {
  const at = form !== '' && point === 'P2' ? NEXT : REQUEST[point];
  const { world, hub } = stage;
  const intervene = (act: () => unknown): Trap => (BEFORE.includes(point) ? { at, before: act } : { at, after: act });
  const look = (): void => {};
  if (form !== '') {
    // One that is forbidden is tried no more; the others are, several times.
    const trap: Trap = { at, trouble: form, times: form === 'throttled' ? 3 : 1 };
    const told = (): void => {
      if (form === 'forbidden' && !/"status":"Failed".*"hint":"Grant the right/.test(hub.lastRun()))
        world.violated('403', `nobody was told what to do: ${hub.lastRun().slice(-500)}`);
    };
    return { trap, look: told };
  }
  switch (failure) {
    case 'duplicate':
      return { trap: intervene(() => stage.announce('SecretNearExpiry', stage.initial, 3)), look };
    case 'disorder':
      return { trap: intervene(() => stage.announce('SecretExpired', 'a-version-before', 2)), look };
    case 'human':
      return playPerson(stage, intervene);
    default:
      return playDeletion(stage, point, intervene);
  }
}

/** A person gives the target another password and writes it down; what they wrote works, so it stays. */
function playPerson({ world, vault, target, current }: Stage, intervene: (act: () => unknown) => Trap): Happening {
  const value = world.newValue('human');
  const act = (): void => {
    target.setByHand(value, current()?.tags['rot-slot']);
    vault.put(SECRET, { value, tags: {} });
  };
  const lookAgain = (): void => {
    if (current()?.value !== value) world.violated('human', 'what a person wrote, and what works, was not kept');
  };
  return { trap: intervene(act), look: () => {}, lookAgain };
}

/** The secret goes, and comes back when the run has ended: until then nobody writes anything, and the value is kept. */
function playDeletion(stage: Stage, point: Point, intervene: (act: () => unknown) => Trap): Happening {
  const { world, vault, entries } = stage;
  let before = 0;
  const act = (): void => {
    before = vault.stored(SECRET).length;
    vault.delete(SECRET);
  };
  const look = (): void => {
    if (vault.stored(SECRET).length !== before) world.violated('deleted', 'a deleted secret was written');
    if (point !== 'P0' && point !== 'P1' && !TAIL.includes(point) && entries().at(-1)?.enabled !== true)
      world.violated('deleted', 'the value in escrow was not kept');
    vault.recover(SECRET);
  };
  return { trap: intervene(act), look };
}

/**
 * However often it was begun: one rotation, one change of the target, one new version. What a target has made and could not tell is lost, and
 * it is asked for another.
 */
function inspectOnce({ world, vault, target }: Stage, mayBeLost: boolean): void {
  const versions = vault.stored(SECRET).length;
  if (versions !== 2) world.violated('once', `there are ${versions} versions, not 2`);
  if (target.changes() !== 1 && !mayBeLost) world.violated('once', `the target was changed ${target.changes()} times`);
}
