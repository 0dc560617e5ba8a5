import { Command } from 'commander';
import { runTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

/** `hsmkeep pre-restore`: ask an HSM whether it would take a backup. Served by the app with the restore duty. */
export function preRestoreCommand({ io, exit }: CommandContext): Command {
  const command = new Command('pre-restore')
    .description('ask an HSM whether it would take a backup; nothing is restored, and an accepted backup is proven to L2')
    .argument('<hsm>', 'the HSM that is asked')
    .argument('[folder]', 'the backup: mhsm-<hsm>-<16 digits>; without it the newest one that is proven to L1')
    .action(async (hsm: string, folder: string | undefined, options: ApiOptions & WaitOptions) => {
      const api = await connect(options, io, 'restore');
      const started = await api.post<Accepted>(`/hsms/${encodeURIComponent(hsm)}/pre-restore`, folder === undefined ? {} : { folder });

      if (options.wait === false) {
        print(io, options, { value: [started] }, ({ value }) => value.map(({ runId }) => `${runId}\n`).join(''));
        return;
      }
      const runs = await waitForRuns(api, [started.runId], options, io);
      print(io, options, { value: runs }, ({ value }) => runTable(value, io));
      exit(exitFor(runs));
    });
  return withExamples(withWaitOptions(withApiOptions(command)), [
    ['would the HSM take its newest backup?', 'hsmkeep pre-restore contoso-hsm'],
    ['would it take this one?', 'hsmkeep pre-restore contoso-hsm mhsm-contoso-hsm-2026112202000012'],
  ]);
}
