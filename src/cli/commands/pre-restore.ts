import type { Command } from 'commander';
import { Command as NewCommand } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import type { BackupView } from '../../domain/views.ts';
import type { ApiClient } from '../api/client.ts';
import { runTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

/** `hsmkeep pre-restore`: ask an HSM whether it would take a backup. Served by the app with the restore duty. */
export function preRestoreCommand({ io, exit }: CommandContext): Command {
  const command = new NewCommand('pre-restore')
    .description('ask an HSM whether it would take a backup; nothing is restored, and an accepted backup is proven to L2')
    .argument('<hsm>', 'the HSM that is asked')
    .argument('[folder]', 'the backup: mhsm-<hsm>-<16 digits>; without it the newest complete one')
    .action(async (hsm: string, folder: string | undefined, options: ApiOptions & WaitOptions) => {
      const api = await connect(options, io, 'restore');
      const body = { folder: folder ?? (await newestFolder(api, hsm)) };
      const started = await api.post<Accepted>(`/hsms/${encodeURIComponent(hsm)}/pre-restore`, body);

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

async function newestFolder(api: ApiClient, hsm: string): Promise<string> {
  const { value } = await api.list<BackupView>(`/hsms/${encodeURIComponent(hsm)}/backups`);
  const newest = value.filter(({ status }) => status === 'complete').toSorted((a, b) => (a.takenAt < b.takenAt ? 1 : -1))[0];
  if (!newest) throw new OperatorError(`${hsm} has no complete backup.`, `Take one first: hsmkeep backup now ${hsm}`);
  return newest.folder;
}
