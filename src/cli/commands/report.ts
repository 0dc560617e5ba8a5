import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import { isPeriod, parseInstant } from '../../domain/report/period.ts';
import { makeReport, type Report } from '../../domain/report/report.ts';
import { readSources } from '../api/report-sources.ts';
import { MisuseError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { reportFiles, reportView } from '../output/report-views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';

type ReportOptions = ApiOptions & Readonly<{ from?: string; to?: string; csv?: string }>;

const DAY_MS = 86_400_000;
const USUAL_DAYS = 90;

/** `hsmkeep report`: what happened in a period, for auditors. Reads what the API has; what could not be had is said, and makes the exit code 1. */
export function reportCommand({ io, exit }: CommandContext): Command {
  const report = new Command('report')
    .description('what happened in a period: secrets and their rotations, HSMs and their nights, drills, restores, deletions, exceptions')
    .option('--from <day>', 'its first day or instant, UTC; without it 90 days before the end', instantOf)
    .option('--to <day>', 'the day or instant that it ends before; without it now', instantOf)
    .option('--csv <folder>', 'also write a CSV file of each part, and report.json, into this folder')
    .action(async (options: ReportOptions) => {
      const made = await collect(options, io);
      if (options.csv !== undefined) await writeFiles(resolve(io.cwd, options.csv), made);
      print(io, options, made, (each) => reportView(each, io));
      exit(made.missing.length > 0 ? EXIT.failed : EXIT.done);
    });
  return withExamples(withApiOptions(report), [
    ['the last 90 days, to read', 'hsmkeep report'],
    ['a quarter, for the auditor', 'hsmkeep report --from 2026-07-01 --to 2026-10-01 --csv evidence'],
    [
      'rotations whose old credential is not proven dead',
      `hsmkeep report --json | jq '.rotations[] | select(.oldEndedAt and (.oldCredential | IN("refused", "replaced") | not))'`,
    ],
    ['nights without a proven backup', `hsmkeep report --json | jq '.hsms[] | {hsm, without}'`],
  ]);
}

function instantOf(text: string): string {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw new InvalidArgumentError('It takes a day or an instant, such as 2026-11-22 or 2026-11-22T10:00:00Z.');
}

/** @throws {OperatorError} for a period that is none; what cannot be read is said in the report. */
async function collect(options: ReportOptions, io: Io): Promise<Report> {
  const madeAt = io.now().toISOString();
  const to = options.to ?? madeAt;
  const from = options.from ?? new Date(Date.parse(to) - USUAL_DAYS * DAY_MS).toISOString();
  if (!isPeriod(from, to))
    throw new MisuseError('The period must end after it begins, and be no longer than two years.', 'See hsmkeep report --help.');

  const apps = {
    backup: await connect(options, io, 'backup'),
    restore: await connect(options, io, 'restore'),
    rotate: await connect(options, io, 'rotate'),
  };
  const say = (part: string): unknown => io.stderr.isTTY && io.stderr.write(`reading ${part} …\n`);
  return makeReport(await readSources(apps, { from, to, madeAt }, say));
}

async function writeFiles(folder: string, report: Report): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of reportFiles(report)) await writeFile(join(folder, name), text);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new OperatorError(`The report could not be written to ${folder} (${code}).`, 'Name a folder that you may write to.', {
      cause: error,
    });
  }
}
