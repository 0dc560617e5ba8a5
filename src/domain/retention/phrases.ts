/** `1 backup`, `2 backups`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `1 backup is`, `2 backups are`. */
export const countedAre = (count: number, noun: string): string => `${counted(count, noun)} ${isOrAre(count)}`;

export const isOrAre = (count: number): string => (count === 1 ? 'is' : 'are');

const NAMED = 3;

/** The first few of a list, and how many more there are: `a, b, c and 2 more`. */
export const named = (ids: readonly string[]): string =>
  ids.length <= NAMED ? ids.join(', ') : `${ids.slice(0, NAMED).join(', ')} and ${ids.length - NAMED} more`;
