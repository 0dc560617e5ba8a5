import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, later, MINUTE_MS } from '../../../src/domain/rotation/duration.ts';
import { firstChance, isOpen, missedWindows, type Opening, openSince } from '../../../src/domain/rotation/opening.ts';
import { type ListedSecret, planSweep } from '../../../src/domain/rotation/sweep.ts';
import { dueAt } from '../../../src/domain/rotation/times.ts';
import { type MaintenanceWindow, parseWindow } from '../../../src/domain/rotation/window.ts';

const windowOf = (text: string): MaintenanceWindow => {
  const window = parseWindow(text);
  if (!window) throw new Error(`${text} is no window`);
  return window;
};
const within = (text: string, expiresAt: string | null = null): Opening => ({
  policy: { window: windowOf(text), everyMs: 60 * DAY_MS },
  expiresAt,
});
const NO_WINDOW: Opening = { policy: { window: null, everyMs: 60 * DAY_MS }, expiresAt: null };
const SATURDAYS = 'Sat 02:00/3h Europe/Berlin';

describe('a maintenance window', () => {
  test.each([
    ['2026-11-21T00:59:59.999Z', false],
    ['2026-11-21T01:00:00.000Z', true],
    ['2026-11-21T03:59:59.999Z', true],
    ['2026-11-21T04:00:00.000Z', false],
    ['2026-11-22T02:00:00.000Z', false],
  ])('of three hours on Saturdays, at %s', (now, expected) => {
    expect(isOpen(within(SATURDAYS), now)).toBe(expected);
  });

  test('may go beyond midnight', () => {
    expect(isOpen(within('daily 22:30/4h UTC'), '2026-11-22T01:00:00.000Z')).toBe(true);
  });

  test.each([
    ['2026-03-29T01:30:00.000Z', 'the hour that is left out'],
    ['2026-10-25T01:30:00.000Z', 'the hour that comes twice'],
  ])('is open around the clock change at %s, %s', (now) => {
    expect(isOpen(within('Sun 01:00/4h Europe/Berlin'), now)).toBe(true);
  });

  test('where there is none, work may begin when it is to be done', () => {
    const [due, now] = ['2026-11-16T10:00:00.000Z', '2026-11-17T00:00:00.000Z'];
    expect([openSince(NO_WINDOW, due, now), firstChance(NO_WINDOW, due)]).toEqual([due, due]);
  });
});

describe('work that was due on a Monday', () => {
  const due = '2026-11-16T10:00:00.000Z';

  test('waits for Saturday, and could be begun since then', () => {
    expect(firstChance(within(SATURDAYS), due)).toBe('2026-11-21T01:00:00.000Z');
    expect(openSince(within(SATURDAYS), due, '2026-11-20T10:00:00.000Z')).toBeNull();
    expect(openSince(within(SATURDAYS), due, '2026-11-21T03:00:00.000Z')).toBe('2026-11-21T01:00:00.000Z');
  });

  test('could be begun at once in a window that was open, unless that closes before a look', () => {
    expect(openSince(within('Mon 09:00/3h UTC'), due, '2026-11-16T11:00:00.000Z')).toBe(due);
    expect(firstChance(within('Mon 09:00/2h UTC'), due)).toBe(due);
    expect(firstChance(within('Mon 09:00/119m UTC'), due)).toBe('2026-11-23T09:00:00.000Z');
  });

  test('waits no longer than to a tenth of its interval before the expiry, where the window is soft', () => {
    const soft = within(`${SATURDAYS} soft`, '2026-11-24T10:00:00.000Z');
    expect(firstChance(soft, due)).toBe('2026-11-18T10:00:00.000Z');
    expect(openSince(soft, due, '2026-11-18T10:00:00.000Z')).toBeNull();
    expect(openSince(soft, due, '2026-11-18T10:00:00.001Z')).toBe('2026-11-18T10:00:00.000Z');
    expect(firstChance(within(`${SATURDAYS} soft`, '2027-01-24T10:00:00.000Z'), due)).toBe('2026-11-21T01:00:00.000Z');
    expect(firstChance(within(`${SATURDAYS} soft`), due)).toBe('2026-11-21T01:00:00.000Z');
  });

  test('misses a window when that has closed again', () => {
    const missed = (now: string) => missedWindows(windowOf(SATURDAYS), due, now);
    expect(missed('2026-11-21T03:59:59.999Z')).toBe(0);
    expect(missed('2026-11-21T04:00:00.000Z')).toBe(1);
    expect(missed('2026-12-05T04:00:00.000Z')).toBe(3);
    expect(missed('2036-12-05T04:00:00.000Z')).toBe(100);
  });
});

test('a window that never opens is never missed, and nothing waits for it in vain', () => {
  const window = { pattern: '0 0 2 30 2 *', timeZone: 'UTC', lengthMs: HOUR_MS, soft: false };
  const never: Opening = { policy: { window, everyMs: 60 * DAY_MS }, expiresAt: null };
  const now = '2026-02-28T02:00:00.000Z';
  expect([isOpen(never, now), missedWindows(window, now, later(now, 365 * DAY_MS))]).toEqual([false, 0]);
  expect(firstChance(never, now)).toMatch(/^9999/);
});

test('a thousand instants are remembered, and then others', () => {
  const opening = within(SATURDAYS);
  const first = firstChance(opening, '2026-11-16T10:00:00.000Z');
  for (let hour = 0; hour < 1_100; hour++) firstChance(opening, later('2026-11-16T10:00:00.000Z', hour * HOUR_MS));
  expect(firstChance(opening, '2026-11-16T10:00:00.000Z')).toBe(first);
});

describe('the sweep, looking once an hour,', () => {
  const CREATED = '2026-01-01T00:00:00.000Z';
  const window = fc
    .record({
      day: fc.constantFrom('Sun', 'Mon', 'Wed', 'Sat', 'daily'),
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.constantFrom(0, 10, 30, 55),
      span: fc.constantFrom('60m', '90m', '3h', '12h'),
      zone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'),
      soft: fc.constantFrom('', ' soft'),
    })
    .map(
      ({ day, hour, minute, span, zone, soft }) =>
        `${day} ${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}/${span} ${zone}${soft}`,
    );

  /** The looks that take the secret up, from an instant on, with what each found to be done. */
  const looksAt = (secret: ListedSecret, from: string, days: number): string[] =>
    Array.from({ length: days * 24 }, (_, hour) => later(from, hour * HOUR_MS)).filter(
      (now) => planSweep('kv', [secret], [], now, HOUR_MS).length > 0,
    );

  test('takes a secret up in the first window that it can have, whenever it is due, and never outside of one', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(window, fc.string({ minLength: 1, maxLength: 8 }), fc.nat(59), fc.boolean(), (text, name, minute, retires) => {
        const grace = '2026-02-01T00:00:00.000Z';
        const tags = {
          'rot-provider': 'generated',
          'rot-policy': `every=30d;window=${text}`,
          ...(retires && { 'rot-grace-until': grace }),
        };
        const secret: ListedSecret = { name, enabled: true, createdAt: CREATED, expiresAt: '2026-03-03T00:00:00.000Z', tags };
        const opening: Opening = { policy: { window: windowOf(text), everyMs: 30 * DAY_MS }, expiresAt: secret.expiresAt };
        const since = retires ? grace : dueAt(name, CREATED, { everyMs: 30 * DAY_MS });

        const looks = looksAt(secret, later('2026-01-27T00:00:00.000Z', minute * MINUTE_MS), 15);
        expect(looks.filter((now) => now < since || !isOpen(opening, now))).toEqual([]);
        const chance = firstChance(opening, since) ?? '';
        expect(looks.at(0)).toSatisfy((first: string) => first >= since && first <= later(chance, HOUR_MS));
      }),
      { numRuns: 60 },
    );
  });

  test('tries again by the hours since the window opened, and in the next one', () => {
    const tags = { 'rot-provider': 'generated', 'rot-policy': 'every=30d;window=Sat 02:00/6h UTC' };
    const secret: ListedSecret = { name: 'db', enabled: true, createdAt: CREATED, expiresAt: null, tags };
    const looks = looksAt(secret, '2026-02-02T00:07:00.000Z', 14).map((at) => at.slice(5, 16));
    expect(looks).toEqual([
      '02-07T02:07',
      '02-07T03:07',
      '02-07T04:07',
      '02-07T06:07',
      '02-14T02:07',
      '02-14T03:07',
      '02-14T04:07',
      '02-14T06:07',
    ]);
  });
});
