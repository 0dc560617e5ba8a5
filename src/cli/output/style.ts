import { styleText } from 'node:util';
import type { Output } from '../io.ts';

/** Colours by meaning; each returns its text unchanged when the output is not for a person's eyes. */
export type Style = Readonly<{
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}>;

const plain = (text: string): string => text;
const PLAIN: Style = { good: plain, warn: plain, bad: plain, dim: plain, strong: plain };

const paint =
  (format: Parameters<typeof styleText>[0]) =>
  (text: string): string =>
    styleText(format, text, { validateStream: false });

const COLOURS: Style = { good: paint('green'), warn: paint('yellow'), bad: paint('red'), dim: paint('dim'), strong: paint('bold') };

/**
 * Colours on a terminal only, and never with NO_COLOR or on a dumb terminal.
 *
 * @see https://no-color.org
 */
export function styleFor(output: Output, env: Readonly<Record<string, string | undefined>>): Style {
  const wanted = output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return wanted ? COLOURS : PLAIN;
}

/** A word for a state in the colour of what it means: `ok`, `Completed`, `overdue`, `Failed`. */
export function styleState(style: Style, state: string, text: string = state): string {
  if (GOOD.has(state)) return style.good(text);
  if (BAD.has(state)) return style.bad(text);
  if (WARN.has(state)) return style.warn(text);
  return text;
}

const GOOD = new Set(['ok', 'Completed', 'complete']);
const WARN = new Set(['Degraded', 'Canceled', 'unrecorded']);
const BAD = new Set(['overdue', 'never', 'Failed', 'failed', 'damaged']);
