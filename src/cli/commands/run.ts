import { type Command, Option } from 'commander';
import { RUN_KINDS, type Run, type RunKind } from '../../domain/run.ts';
import { runDetails, runTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, noun, print, wholeNumber, withApiOptions, withExamples } from './command.ts';
import { exitFor, waitForRuns, waitTimeoutOption } from './wait.ts';

/** `hsmkeep run …`: what was done and what is going on. */
export function runCommand(context: CommandContext): Command {
  const run = noun('run', 'what was done, and what is going on');
  addList(run, context);
  addShow(run, context);
  return withExamples(run, [
    ['what happened lately?', 'hsmkeep run list'],
    ['watch a run until it ends', 'hsmkeep run show backup-contoso-hsm-20261122T0200Z --follow'],
  ]);
}

function addList(run: Command, { io }: CommandContext): void {
  const list = run
    .command('list')
    .description('list runs, newest first')
    .option('--subject <hsm>', 'only those on this HSM')
    .addOption(new Option('--kind <kind>', 'only those of this kind').choices(RUN_KINDS))
    .addOption(new Option('--limit <count>', 'at most so many').argParser(wholeNumber).default(20))
    .action(async (options: ApiOptions & { limit: number; kind?: RunKind; subject?: string }) => {
      const api = await connect(options, io);
      print(io, options, await api.list<Run>(`/runs?${query(options)}`, options.limit), ({ value }) =>
        value.length === 0 ? 'No such run.\n' : runTable(value, io),
      );
    });
  withExamples(withApiOptions(list), [
    ['what happened lately?', 'hsmkeep run list'],
    ['when was one HSM backed up?', 'hsmkeep run list --kind backup --subject contoso-hsm'],
    ['runs that failed', `hsmkeep run list --limit 100 --json | jq '.value[] | select(.status == "Failed")'`],
  ]);
}

function query({ limit, kind, subject }: { limit: number; kind?: RunKind; subject?: string }): URLSearchParams {
  return new URLSearchParams({ top: String(Math.min(limit, LARGEST_PAGE)), ...(kind && { kind }), ...(subject && { subject }) });
}

const LARGEST_PAGE = 1000;

function addShow(run: Command, { io, exit }: CommandContext): void {
  const show = run
    .command('show')
    .description('show one run with its steps')
    .argument('<id>', 'id of the run')
    .option('--follow', 'wait for its end; exit 1 if it fails')
    .addOption(waitTimeoutOption())
    .action(async (id: string, options: ApiOptions & { follow?: boolean; waitTimeout: number }) => {
      const api = await connect(options, io);
      // Read once first: an id that does not exist is said at once, not after waiting for it.
      const first = await api.get<Run>(`/runs/${encodeURIComponent(id)}`);
      const [last = first] = options.follow ? await waitForRuns(api, [id], options, io) : [];
      print(io, options, last, (each) => runDetails(each, io));
      if (options.follow) exit(exitFor([last]));
    });
  withExamples(withApiOptions(show), [
    ['what did it do?', 'hsmkeep run show backup-contoso-hsm-20261122T0200Z'],
    ['watch it until it ends', 'hsmkeep run show backup-contoso-hsm-20261122T0200Z --follow'],
  ]);
}
