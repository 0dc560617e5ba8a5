export type LogLevel = 'debug' | 'info' | 'warning' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one event: a fixed message and its fields. Callers pass names, ids and durations, never inputs or outputs. */
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/**
 * Logs one line per event, `2026-03-01T02:00:00.000Z info timer started function=nightly`.
 *
 * @param write Takes one line with its line feed; the host passes standard error.
 * @param least Events below this level are dropped.
 */
export function createLog(write: (line: string) => void, least: LogLevel = 'info'): Log {
  return (level, message, fields = {}) => {
    if (RANK[level] < RANK[least]) return;
    const parts = [new Date().toISOString(), level, oneLine(message)];
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) parts.push(`${name}=${fieldText(value)}`);
    }
    write(`${parts.join(' ')}\n`);
  };
}

/** A word stays as it is; anything else becomes JSON, so that a value cannot fake a second line or field. */
function fieldText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'string' && /^[\w.:/@%+-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? 'undefined';
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' | ');
}

/** An error in one field: the message of an error, or the text of whatever else was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
