import type { Run } from '../../../src/domain/run.ts';
import type { StoredVersion } from './fake-vault.ts';
import { SECRET, type Stage } from './stage.ts';
import type { Credential } from './target-requests.ts';

/** What may have happened in a schedule besides crashes, losses and repetitions, and what need not hold then. */
export type Licence = Readonly<{
  /** A person changed values on the target or in the vault. */
  human: boolean;
  /** A person asked not to wait for a grace. */
  compromise: boolean;
  /** A person disabled or deleted the secret for a while. */
  outOfReach: boolean;
}>;

const credentialOf = ({ value, tags }: Pick<StoredVersion, 'value' | 'tags'>) => ({ value, slot: tags['rot-slot'] ?? '' });

/** An intent does not: the entry with what the target made follows it. */
const holdsValue = (entry: StoredVersion): boolean => escrowed(entry).value !== undefined;

/** The value that an entry holds, and where on the target it belongs. */
const escrowed = ({ value, tags }: StoredVersion) => ({
  value: (JSON.parse(value) as { value: string }).value,
  slot: tags['rot-slot'] ?? '',
});

/**
 * Watches the properties of `rotation.md` 2.7 that hold at every instant:
 * A, some stored value works; B, the published one works (where old and new overlap); C, the one before works during its grace.
 */
export function watch({ world, vault, entries, current, target }: Stage, licence: Licence): void {
  const overlaps = target.kind !== 'single';
  const works = (credential: Parameters<typeof target.accepts>[0]): boolean => target.accepts(credential);
  world.invariant = () => {
    // What lands late may end a key that is published, until it is confirmed: nothing but time keeps writers apart there.
    if (licence.human || (target.kind === 'keypair' && world.landed > 0)) return;
    const published = current();
    const stored = [...vault.stored(SECRET).map(credentialOf), ...entries().map(escrowed)];
    if (!stored.some(works)) world.violated('A', 'no stored value works');
    if (!overlaps || !published) return;
    if (!works(credentialOf(published))) world.violated('B', 'the published value does not work');
    if (!licence.compromise && isInGrace(published, world.now)) {
      const old = vault.stored(SECRET).find(({ version }) => version === published.tags['rot-base']);
      if (old && !works(credentialOf(old))) world.violated('C', 'the old value does not work in its grace');
    }
  };
}

const isInGrace = ({ tags }: StoredVersion, now: string): boolean => (tags['rot-grace-until'] ?? '') > now;

/** D: what a run calls done is done; with one password, unless the next rotation has begun before the run had told. */
export function watchEnds(stage: Stage, licence: Licence): void {
  const { hub, world, current, entries, target } = stage;
  hub.onEnd = ({ name, output }) => {
    const run = output as Run | undefined;
    if (run?.result?.['mode'] === 'compromise' && run.result['outcome'] === 'rotated' && !licence.human) inspectCompromise(stage, run);
    if (name !== 'rotateSecret' || licence.human || run?.result?.['outcome'] !== 'rotated') return;
    const published = current();
    if (target.kind === 'single' && entries().at(-1)?.tags['rot-state'] === 'open') return;
    if (!published || !target.accepts(credentialOf(published)))
      world.violated('D', `${run.id} ended well, and the published value does not work`);
  };
}

/** What is accepted and hsmkeep's to end. A key that nobody ever stored is nobody's. */
function ownedOf({ target, vault, entries }: Stage): readonly Credential[] {
  if (target.kind !== 'keypair') return target.owned();
  const stored = new Set([...vault.stored(SECRET).map(credentialOf), ...entries().map(escrowed)].map(({ value }) => value));
  return target.owned().filter(({ value }) => stored.has(value));
}

/**
 * After a compromise the value that was known to others does not work any more. When the next rotation has begun before the run had told, what
 * that one made works, too.
 */
function inspectCompromise(stage: Stage, run: Run): void {
  const { world, vault, entries } = stage;
  const id = run.result?.['rotationId'];
  const versions = vault.stored(SECRET);
  const at = versions.findIndex(({ tags }) => tags['rot-id'] === id);
  const before = versions.slice(0, at).flatMap(({ value }) => (value === versions[at]?.value ? [] : [value]));
  const owned = ownedOf(stage);
  const isAlone = entries().at(-1)?.tags['rot-id'] === id;
  const works = isAlone ? owned.length > 1 : at < 0 || owned.some(({ value }) => before.includes(value));
  if (works) world.violated('compromise', `${run.id} ended well, and an old value still works`);
}

/**
 * What holds when all is quiet again, the grace is over and the sweep has looked often enough: D, the published value works; E, nothing else
 * that we made is accepted; F, nothing is left undone. And no value lies anywhere but in the vaults.
 */
export function inspect(stage: Stage): void {
  const { world, target, current, initial, entries, keepsOld } = stage;
  const published = current();
  if (!published) throw new Error('nothing removes the last version');
  const says = (property: string, holds: boolean, what: string): void => void (holds || world.violated(property, what));

  says('D', target.accepts(credentialOf(published)), 'in the end the published value does not work');
  says('F', published.version !== initial, 'it was never rotated');
  if (keepsOld) return;

  const ours = ownedOf(stage).filter(({ value }) => !value.startsWith('human') && value !== published.value);
  says('E', ours.length === 0, `an old value is still accepted: ${JSON.stringify(ours)}`);

  const entry = entries().at(-1);
  const isDone = entry === undefined || !entry.enabled || entry.tags['rot-state'] === 'dead';
  says('F', isDone, `the entry is left ${entry?.tags['rot-state']}`);
  const older = entries().filter((one) => one.enabled && holdsValue(one) && entry?.enabled === false);
  says('F', older.length === 0, `an entry is closed, and ${older.length} before it are not`);
  says('F', published.tags['rot-grace-until'] === undefined, 'the grace is not forgotten');
}

/** A is what holds also when a person changed values between our steps: some stored value works, so that the next look can repair. */
export function inspectStored({ world, vault, entries, target }: Stage): void {
  const stored = [...vault.stored(SECRET).map(credentialOf), ...entries().map(escrowed)];
  if (!stored.some(target.accepts)) world.violated('A', 'no stored value works');
}

/** Nobody touched the tags that are the owner's, and no value left the vaults. */
export function inspectRest({ world, everything, current }: Stage, licence: Licence): void {
  const tags = current()?.tags ?? {};
  if (!licence.human && (tags['owner'] !== 'team' || tags['cost'] !== '4711')) world.violated('tags', "the owner's tags are lost");
  const stored = everything();
  if (world.values.some((value) => stored.includes(value))) world.violated('secrecy', 'a value lies in the task hub or in storage');
}

/**
 * F: whatever was left behind, a lock say, does not keep the next rotation from its end. Where a person wrote last, what is asked for first
 * may be used up by finding out what works; that mends it, and whatever is asked for next, once the grace is over, is a rotation.
 */
export async function inspectNext(
  stage: Stage,
  { human }: Licence,
  does: Readonly<{ run(): Promise<void>; calmDown(): Promise<void> }>,
): Promise<void> {
  const { world, hub, current } = stage;
  const ask = async (): Promise<void> => {
    const version = current();
    if (human && version && isInGrace(version, world.now)) await does.calmDown();
    // Runs are told apart by the instant of their start.
    world.advance(1_000);
    await stage.ask('normal');
    await does.run();
  };
  let before = current()?.version;
  await ask();
  if (human && /"outcome":"(adopted|repaired)"/.test(hub.lastEnd())) {
    before = current()?.version;
    await ask();
  }
  if (current()?.version === before) world.violated('F', `asked once more, it did not rotate: ${hub.lastEnd().slice(-600)}`);
}

/** One rotation makes one value: an entry that is open is used again, never replaced, unless what a target made was made away with by a late request. */
export function inspectEntries({ world, entries }: Stage): void {
  const bases = entries()
    .filter(holdsValue)
    .map(({ tags }) => (world.landed > 0 ? `${tags['rot-base']} ${tags['rot-attempt']}` : tags['rot-base']));
  if (new Set(bases).size !== bases.length) world.violated('E2', 'a second value was made for the same version');
}
