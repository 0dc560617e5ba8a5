import type { Run } from '../../src/domain/run.ts';
import { type AppStack, until } from './app-stack.ts';

const MINUTE_MS = 60_000;

const busy = { action: 'answer', status: 409, body: { error: { code: '409', message: 'Another backup operation is in progress.' } } };
const running = {
  action: 'answer',
  status: 200,
  body: { status: 'InProgress', jobId: 'x', startTime: 1, endTime: null, error: null, statusDetails: null },
};

/** A step of a run that is kept waiting: an HSM that is busy when it is asked to start, or whose job goes on and on. */
export type LongWait = Readonly<{ step: string; method: string; path: string; how: 'busy' | 'running'; minutes: number }>;

/** Keeps the steps of a run waiting, one after the other, each for so many emulated minutes since it began. */
export async function keepWaiting(stack: AppStack, id: string, waits: readonly LongWait[]): Promise<void> {
  for (const { step, method, path, how, minutes } of waits) {
    await stack.emulator.control.fault({
      match: { host: 'contoso-hsm', method, path },
      times: 10_000,
      ...(how === 'busy' ? busy : running),
    });
    await until(
      `${step} to have waited`,
      async () => {
        const open = ((await stack.api(`/runs/${id}`).catch(() => undefined))?.body as Run | undefined)?.steps?.at(-1);
        if (open?.name !== step) return false;
        const { now } = await stack.emulator.control.moveClock({ advanceMs: 0 });
        return Date.parse(now) - Date.parse(open.startedAt) > minutes * MINUTE_MS;
      },
      120_000,
    );
    await stack.emulator.control.clearFaults();
  }
}
