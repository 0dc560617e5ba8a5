// Entry of `npm run bench`.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ROWS } from './rows.ts';
import { readArguments, UsageError, usage } from './runner/arguments.ts';
import { type Figure, ratioOf, verdictOf } from './runner/figure.ts';
import type { Row } from './runner/row.ts';
import { table } from './runner/table.ts';

type RowResult = Readonly<{ row: Row; seconds: number; figures: readonly Figure[]; crash?: string }>;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** @returns The exit code: a missed target is a result, a crashed row is a failure. */
async function main(args: readonly string[]): Promise<number> {
  const { rows, rounds, json, help } = readArguments(args, ROWS);
  if (help) {
    process.stdout.write(usage(ROWS));
    return 0;
  }

  const results: RowResult[] = [];
  for (const row of rows) results.push(await measure(row, rounds));

  process.stdout.write(json ? `${JSON.stringify(report(results), null, 2)}\n` : `\n${summary(results)}\n`);
  return results.some(({ crash }) => crash !== undefined) ? 1 : 0;
}

async function measure(row: Row, rounds: number | undefined): Promise<RowResult> {
  say(`${row.name}: ${row.title}`);
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-bench-'));
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    const figures = await row.measure({ folder, rounds: (own) => rounds ?? own, progress: (message) => say(`  ${message}`) });
    say(`${table(figures)}\n  (${seconds().toFixed(0)} s)\n`);
    return { row, seconds: seconds(), figures };
  } catch (error) {
    const crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say(`  crashed: ${crash}\n`);
    return { row, seconds: seconds(), figures: [], crash };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const machine = () => `Node ${process.version} on ${process.platform} ${process.arch}, ${cpus().length} cores`;

function summary(results: readonly RowResult[]): string {
  const crashed = results
    .filter(({ crash }) => crash !== undefined)
    .map(({ row, crash }) => `${row.name} crashed: ${crash?.split('\n')[0]}`);
  return [machine(), '', table(results.flatMap(({ figures }) => figures)), ...crashed].join('\n');
}

const report = (results: readonly RowResult[]) => ({
  machine: machine(),
  rows: results.map(({ row, seconds, figures, crash }) => ({
    name: row.name,
    seconds,
    ...(crash === undefined ? {} : { crash }),
    figures: figures.map((figure) => ({ ...figure, ratio: ratioOf(figure) ?? null, verdict: verdictOf(figure) })),
  })),
});

try {
  // Servers of a crashed row must not keep the process.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(`${error.message}\nTry --help.`);
  process.exit(2);
}
