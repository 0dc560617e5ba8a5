import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCanaries, placesOf } from '../support/canary-scan.ts';
import { type KilledKind, killRotation, kindsWith } from '../support/rotation-kills.ts';
import { type RotationStack, startRotations } from '../support/rotations.ts';

let { stack, receiver, kv, stop } = {} as RotationStack;
let kinds: readonly KilledKind[];
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations());
  kinds = kindsWith(kv, receiver);
});
afterAll(() => stop?.());

const kindOf = (title: string) => kinds.find((kind) => kind.title === title) as KilledKind;

// `npm run soak` does all boundaries of all activities, of every kind, with and without the history.
describe('a rotation whose host is killed', () => {
  test.each([
    ['webhook-multi', 'after-activity:escrowSecret:1'],
    ['webhook-multi', 'after-activity:applySecret:1'],
    ['webhook-multi', 'after-activity:publishSecret:1'],
    ['webhook-multi', 'after-activity:retireOldSecret:1'],
    ['webhook-single', 'after-activity:applySecret:1'],
    ['webhook-single', 'after-commit:applySecret:1'],
  ])('of %s, at %s, goes on with the same value and changes the target once', async (title, at) => {
    await killRotation(stack, kv, kindOf(title), at, false);
  });

  test('has written no value anywhere but into the vaults', async () => {
    const places = await placesOf(stack);
    expect(
      places.some(({ name, text }) => name.startsWith('host file') && text.includes('webhook-multi')),
      'the places are the right ones',
    ).toBe(true);
    expect(receiver.seen.size).toBeGreaterThan(6);
    expect(findCanaries(places, [...receiver.seen, receiver.key])).toEqual([]);
  });

  test.each([
    ['webhook-multi', 'after-activity:applySecret:1'],
    ['webhook-single', 'after-activity:applySecret:1'],
  ])('of %s, at %s, and whose history is lost is taken up by the next', async (title, at) => {
    await killRotation(stack, kv, kindOf(title), at, true);
  });
});
