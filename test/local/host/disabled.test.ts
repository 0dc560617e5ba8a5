import { expect, test } from 'vitest';
import { startFixture } from './support/fixture-host.ts';
import { ManualClock } from './support/manual-clock.ts';

test('a timer that a setting has disabled does not fire by itself, only by hand; the others do', async () => {
  const clock = new ManualClock('2026-03-01T00:00:00Z');
  const host = await startFixture({ clock, settings: { FREQUENT: '*/30 * * * * *', 'AzureWebJobs.nightly.Disabled': 'true' } });
  try {
    const seen = async () => {
      const { timers } = (await (await fetch(`${host.apiUrl}/api/seen`)).json()) as { timers: [name: string][] };
      return timers.map(([name]) => name);
    };
    clock.moveTo('2026-03-01T02:00:00Z');
    await expect.poll(seen).toEqual(['frequent']);
    expect(host.logged).toContainEqual({ level: 'info', message: 'function is disabled', fields: { function: 'nightly' } });

    await fetch(`${host.apiUrl}/admin/functions/nightly`, {
      method: 'POST',
      headers: { 'x-functions-key': host.keys.master, 'content-type': 'application/json' },
      body: '{}',
    });
    await expect.poll(seen).toEqual(['frequent', 'nightly']);
  } finally {
    await host.stop();
  }
});
