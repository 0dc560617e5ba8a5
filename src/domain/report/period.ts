const LONGEST_MS = 731 * 86_400_000;

/** A day (its beginning, UTC) or an instant with its offset, as ISO 8601 UTC; undefined when it is neither. */
export function parseInstant(text: string): string | undefined {
  const isWhole = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text);
  return isWhole && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined;
}

/** Whether a period ends after it begins, and is no longer than two years. Both ISO 8601 UTC. */
export const isPeriod = (from: string, to: string): boolean => from < to && Date.parse(to) - Date.parse(from) <= LONGEST_MS;
