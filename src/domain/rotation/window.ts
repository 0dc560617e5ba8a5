import { parseSpan } from './duration.ts';

/** When work on a secret may begin: a weekly or daily span in a time zone. `soft`: an expiry that comes near goes before it. */
export type MaintenanceWindow = Readonly<{ pattern: string; timeZone: string; lengthMs: number; soft: boolean }>;

const DAYS: Readonly<Record<string, string>> = { sun: '0', mon: '1', tue: '2', wed: '3', thu: '4', fri: '5', sat: '6', daily: '*' };

/** Reads `Sat 02:00/3h Europe/Berlin`, `daily 22:30/90m UTC`, with `soft` behind it or not; undefined for anything else. */
export function parseWindow(text: string): MaintenanceWindow | undefined {
  const [, day = '', hour = '', minute = '', span = '', timeZone = '', soft] =
    /^(\w{3,5}) ([01]\d|2[0-3]):([0-5]\d)\/(\w+) (\S+)( soft)?$/.exec(text.trim()) ?? [];
  const weekday = DAYS[day.toLowerCase()];
  const lengthMs = parseSpan(span);
  if (weekday === undefined || lengthMs === undefined || !isTimeZone(timeZone)) return undefined;
  return { pattern: `0 ${Number(minute)} ${Number(hour)} * * ${weekday}`, timeZone, lengthMs, soft: soft !== undefined };
}

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
