import { parseArgs } from 'node:util';
import type { Row } from './row.ts';

export type BenchArguments = Readonly<{ rows: readonly Row[]; rounds: number | undefined; json: boolean; help: boolean }>;

/** Somebody asked for what there is not; the message says what there is. */
export class UsageError extends Error {}

/** @throws {UsageError} */
export function readArguments(args: readonly string[], all: readonly Row[]): BenchArguments {
  const { only = [], rounds, json = false, help = false } = parse(args);
  for (const name of only) {
    if (!all.some((row) => row.name === name)) throw new UsageError(`No row is named ${name}. There are: ${names(all)}.`);
  }
  if (rounds !== undefined && !/^[1-9]\d*$/.test(rounds)) throw new UsageError(`--rounds has to be a whole number from 1, not ${rounds}.`);
  return {
    rows: only.length > 0 ? all.filter(({ name }) => only.includes(name)) : all,
    rounds: rounds === undefined ? undefined : Number(rounds),
    json,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const names = (rows: readonly Row[]): string => rows.map(({ name }) => name).join(', ');

/** What `--help` prints. */
export const usage = (
  rows: readonly Row[],
): string => `Measures hsmkeep beside baselines, in turn, in one run. Ratios hold on a busy machine; single times do not.

  npm run bench -- [options]

  --only NAME   only this row; may be given again
  --rounds N    as many rounds for every variant, instead of each row's own number
  --json        the figures as JSON on standard output
  --help

Rows:

${rows.map(({ name, title }) => `  ${name.padEnd(12)}  ${title}`).join('\n')}

A baseline that is not installed is skipped, and the table says how to get it. HSMKEEP_BENCH_MODULES names a node_modules folder to look for
baselines in; without it, npm's global one is looked into. Exit 0, also when a target is missed; 1 when a row crashed; 2 for a wrong command line.
`;
