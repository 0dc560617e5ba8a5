/** A program that opens such a cell would take it for a formula. @see https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Rows as CSV with a line of headers (RFC 4180). Lists are joined by blanks, objects are JSON; what a spreadsheet would take for a formula gets
 * an apostrophe in front.
 *
 * @param rows All with the same fields; none gives only the headers.
 */
export function toCsv(headers: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = [headers, ...rows.map((row) => headers.map((header) => cellOf(row[header])))];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return FORMULA.test(text) ? `'${text}` : text;
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
