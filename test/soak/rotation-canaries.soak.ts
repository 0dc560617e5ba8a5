import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCanaries, placesOf } from '../support/canary-scan.ts';
import { FIRST, type RotationStack, startRotations } from '../support/rotations.ts';

const ROTATIONS = Number(process.env['HSMKEEP_ROTATIONS'] ?? 1_000);
const AT_ONCE = 60;
/** Requests about one secret in a rotation. */
const REQUESTS = 18;

let { stack, receiver, kv, stop } = {} as RotationStack;
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations());
});
afterAll(() => stop?.());

/** What a target or a vault answers when it repeats what it was sent, as some do in their errors. */
const telltale = (value: string) => ({ error: { code: 'Bad', message: `could not take ${value}` }, regenerate: false });
const ACTIONS = ['probe', 'apply', 'verify', 'retire'];
const ACTION_OF = ['answer', 'dropBefore', 'dropAfter'];

/** One thing goes wrong with each, at another place for each. */
async function makeTroubled(number: number): Promise<string> {
  const name = `faulty-${number}-x`;
  await kv.makeOwn(name);
  const action = ACTIONS[number % ACTIONS.length] as string;
  receiver.focusOn(name);
  if (number % 3 === 0) receiver.answerNext(action, [400, 403, 422, 429, 500][number % 5] as number, telltale(FIRST));
  if (number % 3 === 1) receiver.loseNext(action);
  if (number % 2 === 0)
    await stack.emulator.control.fault({
      match: { method: '*', path: `/secrets/*${name}*` },
      skip: number % REQUESTS,
      times: 1 + (number % 4),
      action: ACTION_OF[number % ACTION_OF.length],
      status: [400, 403, 409, 429, 500][number % 5],
      body: telltale(FIRST),
    });
  return name;
}

test(`${ROTATIONS} rotations, each in some trouble, leave no value anywhere but in the vaults`, async () => {
  const stopHurrying = stack.hurry(20_000);
  for (let from = 0; from < ROTATIONS; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, ROTATIONS - from) }, (_, index) => from + index);
    const names: string[] = [];
    for (const number of numbers) names.push(await makeTroubled(number));
    const runs = await Promise.all(names.map(async (name) => stack.runEnd(await kv.ask(name, { reason: 'a test', mode: 'compromise' }))));
    expect(runs.filter(({ status }) => status === 'Completed').length, 'most get through').toBeGreaterThan(runs.length / 4);
    await stack.emulator.control.clearFaults();
  }
  await stopHurrying();
  expect(receiver.seen.size).toBeGreaterThan(ROTATIONS / 2);
  expect(findCanaries(await placesOf(stack), [...receiver.seen, receiver.key])).toEqual([]);
});
