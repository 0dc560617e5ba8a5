import type { Figure } from './figure.ts';

/** What a row is given. */
export type RowContext = Readonly<{
  /** What `--rounds` asks for, or the row's own number. */
  rounds(own: number): number;
  /** An empty folder, removed after the row. */
  folder: string;
  /** Says on standard error what goes on. */
  progress(message: string): void;
}>;

/** One measurement with the baseline that belongs beside it. */
export type Row = Readonly<{
  /** For `--only`. */
  name: string;
  title: string;
  /** @throws anything: the row counts as crashed, the others run on. */
  measure(context: RowContext): Promise<readonly Figure[]>;
}>;
