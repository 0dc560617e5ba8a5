import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startFixture } from './support/fixture-host.ts';
import { spawnHost } from './support/host-process.ts';
import { ManualClock } from './support/manual-clock.ts';

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
    const emulator = await startEmulatorClock();
    const host = spawnHost({ env: { HSMKEEP_CLOCK_URL: emulator.url } });
    try {
      const hours = async () => ((await (await host.call('/api/now')).json()) as { now: number }).now / 3_600_000 - Date.now() / 3_600_000;
      expect(await hours()).toBeCloseTo(100, 1);

      await host.call('/runtime/webhooks/durabletask/orchestrators/tomorrow/sleeper', { method: 'POST' });
      const status = async () =>
        (await host.call('/runtime/webhooks/durabletask/instances/sleeper')).json() as Promise<{ createdTime: string }>;
      expect(Date.parse((await status()).createdTime) - Date.now()).toBeGreaterThan(99 * 3_600_000);

      emulator.moveTo(130);
      await expect.poll(status).toMatchObject({ runtimeStatus: 'Completed' });
      expect(await hours()).toBeCloseTo(130, 1);
    } finally {
      host.child.kill('SIGTERM');
      await host.ended;
      await emulator.stop();
    }
  });
});

/** `GET /_emulator/clock` as the emulator answers it, 100 hours ahead at first. */
async function startEmulatorClock() {
  let [offsetHours, version] = [100, 1];
  const held = new Set<ServerResponse>();
  const answer = (response: ServerResponse) => {
    const offsetMs = offsetHours * 3_600_000;
    response.end(JSON.stringify({ now: new Date(Date.now() + offsetMs).toISOString(), offsetMs, version }));
  };
  const server = createServer((request, response) => {
    if (request.url?.includes(`after=${version}`)) held.add(response);
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/_emulator/clock`,
    moveTo: (hours: number) => {
      [offsetHours, version] = [hours, version + 1];
      for (const response of held) answer(response);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
