import { describe, expect, test } from 'vitest';
import { startTestEmulator } from '../../support/emulator.ts';
import { startFixture } from './support/fixture-host.ts';
import { spawnHost } from './support/host-process.ts';
import { ManualClock } from './support/manual-clock.ts';

const HOUR_MS = 3_600_000;

type SeenTimers = readonly (readonly [name: string, isPastDue: boolean, status: { last: string } | null])[];

async function nightlyRuns(apiUrl: string): Promise<boolean[]> {
  const { timers } = (await (await fetch(`${apiUrl}/api/seen`)).json()) as { timers: SeenTimers };
  return timers.filter(([name]) => name === 'nightly').map(([, isPastDue]) => isPastDue);
}

describe('a host on a clock that is moved', () => {
  test('fires timers and durable timers as their time comes, and makes up for a missed night after a restart', async () => {
    const clock = new ManualClock('2026-03-01T00:00:00Z');
    const first = await startFixture({ clock });
    await first.engine.start({ name: 'tomorrow', instanceId: 'sleeper', inputJson: null });
    await expect.poll(() => first.engine.stats().dueTimers).toBe(1);

    clock.moveTo('2026-03-01T02:00:00Z');
    await expect.poll(() => nightlyRuns(first.apiUrl)).toEqual([false]);
    expect(first.engine.get('sleeper')?.status).toBe('Running');

    clock.moveTo('2026-03-02T00:00:00Z');
    expect(await first.engine.waitForEnd('sleeper', 5_000)).toMatchObject({ status: 'Completed', outputJson: '{"slept":86400000}' });
    await first.stop();

    clock.moveTo('2026-03-02T06:00:00Z');
    const second = await startFixture({ clock, dataDir: first.dataDir, app: first.app });
    await expect.poll(() => nightlyRuns(second.apiUrl)).toEqual([false, true]);
    await second.stop();
  });
});

describe('a host that follows the emulator', () => {
  test('has its time from the start, in the app as in the engine, and a durable timer fires when it is moved', async () => {
    const emulator = await startTestEmulator();
    await emulator.control.moveClock({ advanceMs: 100 * HOUR_MS });
    const host = spawnHost({ env: { HSMKEEP_CLOCK_URL: `${emulator.ready.controlUrl}/_emulator/clock` } });
    try {
      const hoursAhead = async () => (((await (await host.call('/api/now')).json()) as { now: number }).now - Date.now()) / HOUR_MS;
      expect(await hoursAhead()).toBeCloseTo(100, 1);

      await host.call('/runtime/webhooks/durabletask/orchestrators/tomorrow/sleeper', { method: 'POST' });
      const status = async () =>
        (await host.call('/runtime/webhooks/durabletask/instances/sleeper')).json() as Promise<{ createdTime: string }>;
      expect(Date.parse((await status()).createdTime) - Date.now()).toBeGreaterThan(99 * HOUR_MS);

      await emulator.control.moveClock({ advanceMs: 30 * HOUR_MS });
      await expect.poll(status, { timeout: 10_000 }).toMatchObject({ runtimeStatus: 'Completed' });
      expect(await hoursAhead()).toBeCloseTo(130, 1);
    } finally {
      host.child.kill('SIGTERM');
      await host.ended;
      await emulator.stop();
    }
  });
});
