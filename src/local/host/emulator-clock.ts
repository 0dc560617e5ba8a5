import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { OperatorError } from '../../domain/errors.ts';
import { errorText, type Log } from './log.ts';
import { shiftDate } from './shifted-date.ts';
import { type StoppableClock, SystemClock } from './system-clock.ts';

const answer = z.object({ offsetMs: z.number(), version: z.number() });

/** How long the emulator may hold a poll open, and how long to wait after a failed one. */
const POLL_MS = 20_000;
const RETRY_MS = 500;

/**
 * A clock that follows the emulator's: the offset of the emulator's time from the real one becomes that of the whole process (see
 * `shiftDate`), and whatever became due is called back in order of its time.
 *
 * @param clockUrl `GET clockUrl?after=<version>&waitMs=<n>` answers `{offsetMs, version}`, at once without `after`, else when the version changes.
 * @returns Once the emulator's present offset is in force.
 * @throws {OperatorError} when the emulator does not answer the first time; later failures are logged and retried.
 */
export async function followEmulatorClock(clockUrl: string, log: Log): Promise<StoppableClock> {
  const clock = new SystemClock();
  const ending = new AbortController();

  const ask = async (query: string): Promise<number> => {
    const response = await fetch(`${clockUrl}${query}`, {
      signal: AbortSignal.any([ending.signal, AbortSignal.timeout(POLL_MS + 10_000)]),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { offsetMs, version } = answer.parse(await response.json());
    shiftDate(offsetMs);
    clock.recheck();
    return version;
  };

  const follow = async (first: number): Promise<void> => {
    // Undefined once a poll failed: an emulator that was started again counts its versions anew.
    let version: number | undefined = first;
    while (!ending.signal.aborted) {
      try {
        version = await ask(version === undefined ? '' : `?after=${version}&waitMs=${POLL_MS}`);
      } catch (error) {
        if (ending.signal.aborted) return;
        if (version !== undefined)
          log('warning', 'emulator clock does not answer, the offset stays as it is', { reason: errorText(error) });
        version = undefined;
        await sleep(RETRY_MS);
      }
    }
  };

  const version = await ask('').catch((error: unknown) => {
    throw new OperatorError(
      `The emulator clock at ${clockUrl} does not answer: ${errorText(error)}`,
      'Start the emulator first, or unset HSMKEEP_CLOCK_URL to run on real time.',
      { cause: error },
    );
  });
  void follow(version);

  return {
    now: () => clock.now(),
    at: (timeMs, callback) => clock.at(timeMs, callback),
    stop: () => {
      ending.abort();
      clock.stop();
      shiftDate(0);
    },
  };
}
