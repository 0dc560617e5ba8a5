import type { Command } from 'commander';
import { parseFolder } from '../../domain/folder.ts';
import { MisuseError } from '../errors.ts';
import { runTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

/** What the API says of a folder: that a run has begun, or the backup that it is already. */
type Answer = Accepted | Readonly<{ backup: object }>;

/** `hsmkeep backup adopt`: make a backup ours that somebody else's job has written. */
export function addAdopt(backup: Command, { io, exit }: CommandContext): void {
  const adopt = backup
    .command('adopt')
    .description("make a folder ours that somebody else's job has written: read, hashed and recorded, it counts; takes an administrator")
    .argument('<folder>', 'name of the folder: mhsm-<hsm>-<16 digits>')
    .option('--hsm <name>', 'the HSM it is kept under, when the folder’s name does not tell')
    .action(async (folder: string, options: ApiOptions & WaitOptions & { hsm?: string }) => {
      const hsm = options.hsm ?? parseFolder(folder)?.hsm;
      if (hsm === undefined)
        throw new MisuseError(`${folder} is not the name of a backup’s folder.`, 'hsmkeep backup list shows the names.');
      const api = await connect(options, io);
      const answer = await api.post<Answer>(`/hsms/${encodeURIComponent(hsm)}/backups/${encodeURIComponent(folder)}/adopt`);
      if (!('runId' in answer)) {
        print(io, options, answer, () => `${folder} is ours already; nothing was changed.\n`);
        return;
      }
      if (options.wait === false) {
        print(io, options, answer, ({ runId }) => `${runId}\n`);
        return;
      }
      const runs = await waitForRuns(api, [answer.runId], options, io);
      print(io, options, { value: runs }, ({ value }) => runTable(value, io));
      exit(exitFor(runs));
    });
  withExamples(withWaitOptions(withApiOptions(adopt)), [
    ['count on a backup that another schedule has taken', 'hsmkeep backup adopt mhsm-contoso-hsm-2026112202000012'],
    ['on the local stack root is the administrator', 'hsmkeep backup adopt mhsm-contoso-hsm-2026112202000012 --as root'],
  ]);
}
