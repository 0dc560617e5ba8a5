import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Alarms } from '../../../src/local/host/alarms.ts';
import { followEmulatorClock } from '../../../src/local/host/emulator-clock.ts';
import { shiftDate } from '../../../src/local/host/shifted-date.ts';
import { SystemClock } from '../../../src/local/host/system-clock.ts';

const HOUR_MS = 3_600_000;
const RealDate = Date;

afterEach(() => shiftDate(0));

describe('Alarms', () => {
  test('calls back in order of time, those of one time in the order they came', () => {
    const alarms = new Alarms();
    const called: string[] = [];
    for (const [time, name] of [
      [20, 'c'],
      [10, 'a'],
      [10, 'b'],
      [99, 'late'],
    ] as const)
      alarms.add(time, () => called.push(name));
    alarms.fireDue(50);
    expect(called).toEqual(['a', 'b', 'c']);
    expect(alarms.nextMs).toBe(99);
  });

  test('includes what a callback adds for a time already past, and leaves out what was forgotten', () => {
    const alarms = new Alarms();
    const called: string[] = [];
    alarms.add(10, () => alarms.add(20, () => called.push('added')));
    const forget = alarms.add(15, () => called.push('forgotten'));
    forget();
    forget();
    alarms.fireDue(30);
    expect(called).toEqual(['added']);
  });
});

describe('SystemClock', () => {
  test('never calls back before the time', async () => {
    const clock = new SystemClock();
    const due = clock.now() + 20;
    await new Promise<void>((resolve) => clock.at(due, resolve));
    expect(clock.now()).toBeGreaterThanOrEqual(due);
    clock.stop();
  });

  test('waits for a time further away than a timeout can be', async () => {
    const clock = new SystemClock();
    const waits = vi.spyOn(globalThis, 'setTimeout');
    let early = false;
    clock.at(clock.now() + 40 * 24 * HOUR_MS, () => {
      early = true;
    });
    await new Promise<void>((resolve) => clock.at(clock.now() + 20, resolve));
    expect(early).toBe(false);
    expect(Math.max(...waits.mock.calls.map(([, waitMs]) => waitMs ?? 0))).toBe(2 ** 31 - 1);
    waits.mockRestore();
    clock.stop();
  });
});

describe('shiftDate', () => {
  test('moves every way to ask for the time, and no other date', () => {
    shiftDate(48 * HOUR_MS);
    const real = RealDate.now();
    for (const shown of [Date.now(), Date.parse(new Date().toISOString()), Date.parse(Date())])
      expect(Math.abs(shown - real - 48 * HOUR_MS)).toBeLessThan(2_000);
    expect(new Date(5).getTime()).toBe(5);
    expect(new Date('2026-03-01T00:00:00Z').toISOString()).toBe('2026-03-01T00:00:00.000Z');
    expect(Date.UTC(1970, 0, 1)).toBe(0);
  });

  test('knows dates of both kinds as dates, and puts the real one back', () => {
    const before = new Date(1);
    shiftDate(HOUR_MS);
    const during = new Date();
    expect([before instanceof Date, during instanceof Date]).toEqual([true, true]);
    class Stamp extends Date {}
    expect(new Stamp()).toBeInstanceOf(Stamp);
    shiftDate(0);
    expect(Date).toBe(RealDate);
    expect(during instanceof Date).toBe(true);
  });
});

describe('followEmulatorClock', () => {
  test('takes over the offset at once, follows a move, and calls back what became due in order', async () => {
    const { url, move, stop } = await startClockServer();
    const clock = await followEmulatorClock(url, () => {});
    try {
      expect(Date.now() - RealDate.now()).toBeGreaterThan(HOUR_MS - 1_000);

      const called: string[] = [];
      clock.at(clock.now() + 3 * HOUR_MS, () => called.push('second'));
      clock.at(clock.now() + 2 * HOUR_MS, () => called.push('first'));
      const third = new Promise<void>((resolve) => clock.at(clock.now() + 4 * HOUR_MS, resolve));
      move(6 * HOUR_MS);
      await third;
      expect(called).toEqual(['first', 'second']);
      expect(Date.now() - RealDate.now()).toBeGreaterThan(6 * HOUR_MS - 1_000);
    } finally {
      clock.stop();
      await stop();
    }
    expect(Date).toBe(RealDate);
  });

  test('finds the time again of an emulator that was started anew and counts from the beginning', async () => {
    const { url, restart, stop } = await startClockServer();
    const clock = await followEmulatorClock(url, () => {});
    try {
      const due = new Promise<void>((resolve) => clock.at(clock.now() + 2 * HOUR_MS, resolve));
      await restart(9 * HOUR_MS);
      await due;
      expect(Date.now() - RealDate.now()).toBeGreaterThan(9 * HOUR_MS - 1_000);
    } finally {
      clock.stop();
      await stop();
    }
  });

  test('refuses to start without an emulator, naming the address', async () => {
    await expect(followEmulatorClock('http://127.0.0.1:1/clock', () => {})).rejects.toThrow('http://127.0.0.1:1/clock');
  });
});

/** Answers like the emulator's `GET /_emulator/clock`, one hour ahead at first. */
async function startClockServer() {
  let [offsetMs, version] = [HOUR_MS, 1];
  const held = new Set<ServerResponse>();
  const answer = (response: ServerResponse) => response.end(JSON.stringify({ now: new RealDate().toISOString(), offsetMs, version }));
  const server = createServer((request, response) => {
    const after = new URL(request.url ?? '', 'http://x').searchParams.get('after');
    if (after !== null && Number(after) >= version) held.add(response);
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/_emulator/clock`,
    move: (milliseconds: number) => {
      [offsetMs, version] = [milliseconds, version + 1];
      for (const response of held) answer(response);
    },
    restart: async (milliseconds: number) => {
      await vi.waitFor(() => expect(held.size).toBeGreaterThan(0));
      [offsetMs, version] = [milliseconds, 0];
      held.clear();
      server.closeAllConnections();
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
