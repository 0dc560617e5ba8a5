import { printable } from './words.ts';

/** One column: `text` is what is measured and padded, `paint` may only colour it. */
export type Column<Row> = Readonly<{
  header: string;
  text(row: Row): string;
  paint?(padded: string, row: Row): string;
  align?: 'right';
}>;

/**
 * Lays rows out in aligned columns, two spaces apart, under a line of headers. The last column is not padded.
 *
 * @returns Lines ending in a newline.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  header: (text: string) => string = (text) => text,
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.text(row))));
  const widths = columns.map((column, index) => Math.max(column.header.length, ...cells.map((line) => width(line[index] ?? ''))));
  const last = columns.length - 1;

  const pad = (text: string, index: number): string => {
    const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - width(text)));
    if (columns[index]?.align === 'right') return space + text;
    return index === last ? text : text + space;
  };

  const head = columns.map((column, index) => header(pad(column.header, index))).join('  ');
  const body = rows.map((row, line) =>
    columns
      .map((column, index) => {
        const padded = pad(cells[line]?.[index] ?? '', index);
        return column.paint ? column.paint(padded, row) : padded;
      })
      .join('  '),
  );
  return [head, ...body].map((line) => `${line}\n`).join('');
}

/** Names and values below each other: `folder   mhsm-contoso-hsm-…`. */
export function facts(pairs: readonly (readonly [name: string, value: string])[], name: (text: string) => string = (text) => text): string {
  const widest = Math.max(0, ...pairs.map(([key]) => width(key)));
  return pairs.map(([key, value]) => `${name(key.padEnd(widest))}  ${printable(value)}\n`).join('');
}

function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, ' '));
}

function width(text: string): number {
  return [...text].length;
}
