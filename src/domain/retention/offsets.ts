const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;

/**
 * Time is cut into cells of this length. Two changes of one zone's offset are always further apart
 * (at least six days, in every IANA zone from 1970 to 2100), so a cell holds one change at most.
 */
const CELL_MS = 5 * 24 * HOUR_MS;

/** In a cell, the offset is `beforeMs` until `changeMs`, and `afterMs` from then on. */
type Cell = Readonly<{ fromMs: number; changeMs: number; beforeMs: number; afterMs: number }>;

/** Tells how far the local time of a zone is ahead of UTC at an instant. All in milliseconds; instants since 1970. */
export type OffsetAt = (instantMs: number) => number;

/**
 * The offsets of a time zone, learnt as they are asked for: a formatter is asked a few times for each cell that is touched, and each
 * change of the clock is found once, to the second. Then an offset takes nanoseconds, where a formatter takes microseconds for every
 * instant.
 *
 * @param timeZone IANA name.
 * @throws {RangeError} when the zone is not known.
 */
export function offsetsOf(timeZone: string): OffsetAt {
  const formatter = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const read: OffsetAt = (instantMs) => parseOffset(formatter.format(instantMs));
  const cells = new Map<number, Cell>();

  const learn = (index: number): Cell => {
    const fromMs = index * CELL_MS;
    const beforeMs = read(fromMs);
    // Backups are walked from newest to oldest, so the later neighbour often knows already.
    const afterMs = cells.get(index + 1)?.beforeMs ?? read(fromMs + CELL_MS);
    const changeMs = beforeMs === afterMs ? fromMs : findChange(fromMs, beforeMs, read);
    const cell = { fromMs, changeMs, beforeMs, afterMs };
    cells.set(index, cell);
    return cell;
  };

  let cell = learn(0);
  return (instantMs) => {
    if (instantMs < cell.fromMs || instantMs >= cell.fromMs + CELL_MS) {
      const index = Math.floor(instantMs / CELL_MS);
      cell = cells.get(index) ?? learn(index);
    }
    return instantMs < cell.changeMs ? cell.beforeMs : cell.afterMs;
  };
}

/** The second at which the offset of a cell's beginning ends, by halving. */
function findChange(fromMs: number, beforeMs: number, read: OffsetAt): number {
  let [oldMs, newMs] = [fromMs, fromMs + CELL_MS];
  while (newMs - oldMs > SECOND_MS) {
    const middleMs = oldMs + Math.floor((newMs - oldMs) / 2 / SECOND_MS) * SECOND_MS;
    if (read(middleMs) === beforeMs) oldMs = middleMs;
    else newMs = middleMs;
  }
  return newMs;
}

/** Reads the end of `2/1/1880, GMT+00:53:28`; a bare `GMT` is zero. */
function parseOffset(text: string): number {
  const [, sign, hours, minutes, seconds] = /GMT([+-]?)(\d*):?(\d*):?(\d*)$/.exec(text) as RegExpExecArray;
  const sizeMs = Number(hours) * HOUR_MS + (Number(minutes) * 60 + Number(seconds)) * SECOND_MS;
  return sign === '-' ? -sizeMs : sizeMs;
}
