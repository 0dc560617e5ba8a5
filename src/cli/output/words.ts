/** Shown where there is no value. */
export const NONE = '-';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Clocks differ: what has been may have been so far ahead of ours. More is worth being shown. */
const SKEW_MS = 5 * MINUTE;

/**
 * How long ago something was, in words: `just now`, `12 minutes ago`; `in 3 hours` when clocks differ by that much.
 *
 * @param at ISO 8601, or null when it never was: `never`.
 */
export const ageInWords = (at: string | null, now: Date): string => distanceInWords(at, laterClock(at, now));

/** How far away an instant is, in words: `just now`, `12 minutes ago`, `in 3 hours`; `never` where there is none. */
export function distanceInWords(at: string | null, now: Date): string {
  if (at === null) return 'never';
  const ageMs = now.getTime() - Date.parse(at);
  const size = Math.abs(ageMs);
  if (size < 45 * SECOND) return 'just now';
  return ageMs > 0 ? `${roughly(size)} ago` : `in ${roughly(size)}`;
}

/** {@link ageInWords} in as few letters as a table has room for. */
export const shortAge = (at: string | null, now: Date): string => shortDistance(at, laterClock(at, now));

/** {@link distanceInWords} in as few letters as a table has room for: `12 min ago`, `in 3 h`, `56 d ago`; `-` where there is no instant. */
export function shortDistance(at: string | null, now: Date): string {
  if (at === null) return NONE;
  const ageMs = now.getTime() - Date.parse(at);
  const size = Math.abs(ageMs);
  const text =
    size < 90 * MINUTE
      ? `${Math.round(size / MINUTE)} min`
      : size < 36 * HOUR
        ? `${Math.round(size / HOUR)} h`
        : `${Math.round(size / DAY)} d`;
  return ageMs >= 0 ? `${text} ago` : `in ${text}`;
}

/** Of our clock and that of whoever told the instant, the one that is ahead. */
function laterClock(at: string | null, now: Date): Date {
  const aheadMs = at === null ? 0 : Date.parse(at) - now.getTime();
  return aheadMs > 0 && aheadMs <= SKEW_MS ? new Date(now.getTime() + aheadMs) : now;
}

function roughly(ms: number): string {
  if (ms < 90 * MINUTE) return counted(Math.max(1, Math.round(ms / MINUTE)), 'minute');
  if (ms < 36 * HOUR) return counted(Math.round(ms / HOUR), 'hour');
  return counted(Math.round(ms / DAY), 'day');
}

/** `1 key`, `2 keys`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A measured duration: `0.8 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function durationInWords(ms: number): string {
  if (ms < 9.95 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE - SECOND / 2) return `${Math.round(ms / SECOND)} s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(ms / MINUTE);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** The duration between two instants, or from the first until now while it has no end. */
export function elapsed(startedAt: string, endedAt: string | null, now: Date): string {
  const endMs = endedAt === null ? now.getTime() : Date.parse(endedAt);
  return durationInWords(Math.max(0, endMs - Date.parse(startedAt)));
}

/** A number of bytes in binary units: `512 B`, `12.4 KiB`. */
export function sizeInWords(bytes: number | null): string {
  if (bytes === null) return NONE;
  if (bytes < 1024) return `${bytes} B`;
  let size = bytes;
  let unit = -1;
  do {
    size /= 1024;
    unit += 1;
  } while (size >= 1023.95 && unit < UNITS.length - 1);
  return `${size.toFixed(1)} ${UNITS[unit]}`;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** An instant in UTC to the minute: `2026-11-22 02:00Z`. */
export function instant(at: string | null): string {
  return at === null ? NONE : `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

export function number(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : String(value);
}

/** Text from elsewhere, without the control characters that could redraw a terminal; line breaks stay. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the terminal.
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
