import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import type { RestoreView } from '../../domain/restore/view.ts';
import type { ApiClient } from '../api/client.ts';
import { MisuseError } from '../errors.ts';
import { restorePage, SHORT_HASH } from '../output/restore-views.ts';
import { runDetails } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';
import { type ExecuteDirectOptions, executeDirectly, withDirectOptions } from './restore-direct.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

const EXAMPLE = 'restore-contoso-hsm-20261122T100000000Z';

/** `restore approve` and `restore reject`. */
export function addDecide(restore: Command, { io }: CommandContext, verb: 'approve' | 'reject'): void {
  const command = restore
    .command(verb)
    .description(verb === 'approve' ? 'approve exactly the plan of this hash; not your own' : 'reject a plan, for good')
    .argument('<id>', 'id of the restore')
    .requiredOption('--hash <hash>', 'hash of the plan that you have seen; its first 16 digits do')
    .option('--note <text>', 'why; kept with the decision')
    .action(async (id: string, options: ApiOptions & { hash: string; note?: string }) => {
      const api = await connect(options, io, 'restore');
      const { hash } = await requireHash(api, id, options.hash);
      const path = `/restores/${encodeURIComponent(id)}/${verb}`;
      const decided = await api.post<RestoreView>(path, { hash, ...(options.note !== undefined && { note: options.note }) });
      print(io, options, decided, (view) => restorePage(view, io));
    });
  withExamples(withApiOptions(command), [
    [verb === 'approve' ? 'see it, then approve it' : 'stop it', `hsmkeep restore ${verb} ${EXAMPLE} --hash 3f2a9c0b1d4e5f60`],
    ...(verb === 'approve'
      ? ([['on the local stack bob is the approver', `hsmkeep restore approve ${EXAMPLE} --hash 3f2a9c0b1d4e5f60 --as bob`]] as const)
      : []),
  ]);
}

/** `restore execute`. */
export function addExecute(restore: Command, context: CommandContext): void {
  const { io, exit } = context;
  const command = restore
    .command('execute')
    .description('carry out a plan: safety backup, pre-restore check, restore, comparison; waits for the approval if there is none yet')
    .argument('<id>', 'id of the restore')
    .requiredOption('--hash <hash>', 'hash of the plan that you have seen; its first 16 digits do')
    .option('--reason <text>', 'with --direct: why there is no other way; kept beside the backups')
    .option('--no-safety-backup', 'with --direct: do without a backup of what is replaced')
    .option('--despite-lock', 'with --direct: although a run of the app holds the lock of the HSM, as when the app is gone for good')
    .action(async (id: string, options: ApiOptions & WaitOptions & ExecuteDirectOptions) => {
      if (options.direct) return executeDirectly(id, options, context);
      const api = await connect(options, io, 'restore');
      const { hash } = await requireHash(api, id, options.hash);
      const { runId } = await api.post<Accepted>(`/restores/${encodeURIComponent(id)}/execute`, { hash });
      if (options.wait === false) {
        print(io, options, { runId }, () => `${runId}\n`);
        return;
      }
      const runs = await waitForRuns(api, [runId], options, io);
      print(io, options, { value: runs }, ({ value }) => value.map((run) => runDetails(run, io)).join('\n'));
      exit(exitFor(runs));
    });
  withExamples(withDirectOptions(withWaitOptions(withApiOptions(command))), [
    ['carry it out and watch', `hsmkeep restore execute ${EXAMPLE} --hash 3f2a9c0b1d4e5f60`],
  ]);
}

/**
 * The plan, if its hash begins as typed.
 *
 * @throws {MisuseError} when too little of it was typed; {OperatorError} when it is another plan's.
 */
async function requireHash(api: ApiClient, id: string, typed: string): Promise<RestoreView> {
  if (!/^[0-9a-f]+$/i.test(typed) || typed.length < SHORT_HASH)
    throw new MisuseError(`${typed} is not enough of a hash.`, `Give at least ${SHORT_HASH} digits of it: hsmkeep restore show ${id}`);
  const view = await api.get<RestoreView>(`/restores/${encodeURIComponent(id)}`);
  if (view.hash.startsWith(typed.toLowerCase())) return view;
  throw new OperatorError('The hash is not that of the plan.', `See what the plan says: hsmkeep restore show ${id}`);
}
