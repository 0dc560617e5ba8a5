import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCanaries, placesOf } from '../support/canary-scan.ts';
import { type KilledKind, type KilledRotation, killPlaces, killRotation, kindsWith } from '../support/rotation-kills.ts';
import { type RotationStack, startRotations } from '../support/rotations.ts';

let { stack, receiver, kv, stop } = {} as RotationStack;
let kinds: readonly KilledKind[];
const matrix: KilledRotation[] = [];
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations());
  kinds = kindsWith(kv, receiver);
});
afterAll(async () => {
  await stop?.();
  console.log(
    matrix
      .map(({ kind, at, lostHub, run, values }) => `${kind}\t${at}\t${lostHub ? 'history lost' : ''}\t${run.status}\t${values}`)
      .join('\n'),
  );
});

describe.each(['webhook-multi', 'webhook-single', 'generated'])('a rotation of %s', (title) => {
  const publishes = title !== 'webhook-single';
  test.each(killPlaces({ publishes }).flatMap((at) => [[at, false] as const, [at, true] as const]))(
    'killed at %s (history lost: %s) is completed, and changes the target once for each value',
    async (at, lostHub) => {
      const kind = kinds.find((one) => one.title === title) as KilledKind;
      matrix.push(await killRotation(stack, kv, kind, at, lostHub));
    },
  );
});

test('no value is anywhere but in the vaults', async () => {
  expect(findCanaries(await placesOf(stack), [...receiver.seen, receiver.key])).toEqual([]);
});
