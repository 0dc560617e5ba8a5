import { setTimeout as delay } from 'node:timers/promises';
import type { Activity } from '../activities/define-activity.ts';
import type { Clients } from '../clients/clients.ts';
import { OperatorError } from '../domain/errors.ts';
import { type Waiting, waitMs } from '../domain/waiting.ts';

/** What a restore without the app runs with: the caller's clients, and where to say how it gets on. */
export type Direct = Readonly<{ clients: Clients; say(line: string): void }>;

/** About four minutes, for an outage that passes, and for the moment in which a restored HSM lets nobody in. */
const RETRIES: Waiting = { firstMs: 2_000, growth: 2, longestMs: 60_000, looks: 8 };

/** Runs an activity in this process, once. @throws {OperatorError} when it was refused */
export async function runOnce<Input, Output>({ clients }: Direct, activity: Activity<Input, Output>, input: Input): Promise<Output> {
  const outcome = await activity.create(clients)(input);
  if ('refused' in outcome) throw new OperatorError(outcome.refused.message, outcome.refused.hint);
  if ('throttledMs' in outcome) throw new Error(`${activity.name} was told to ask later`);
  return outcome.value;
}

/** Runs an activity that is safe to repeat, until it gives an answer. @throws {OperatorError} when it was refused, or never does */
export const runPatiently = <Input, Output>(direct: Direct, activity: Activity<Input, Output>, input: Input): Promise<Output> =>
  patiently(direct, activity.name, () => runOnce(direct, activity, input));

/** Does what is safe to repeat, until it gives an answer. @throws {OperatorError} as the work does, or when it never gives one */
export async function patiently<T>(direct: Direct, name: string, work: () => Promise<T>): Promise<T> {
  for (let look = 0; ; look += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (look === RETRIES.looks)
        throw new OperatorError(`${name} gave no answer (${reason}).`, 'Run the same command again: it goes on where it was.');
      direct.say(`waiting: ${reason}`);
      await delay(waitMs(RETRIES, look));
    }
  }
}
