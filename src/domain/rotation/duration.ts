export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** Reads `60d`, `48h` or `30m`; undefined for anything else, zero included. Milliseconds. */
export function parseSpan(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([dhm])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}

/** An instant moved on by so many milliseconds, ISO 8601 UTC. */
export const later = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();
