import type { Command } from 'commander';
import { parseFolder } from '../../domain/folder.ts';
import type { BackupView, HsmView } from '../../domain/views.ts';
import { MisuseError } from '../errors.ts';
import { backupTable, documentDetails, runTable } from '../output/views.ts';
import { addAdopt } from './backup-adopt.ts';
import { addHolds } from './backup-holds.ts';
import { type ApiOptions, type CommandContext, connect, noun, print, withApiOptions, withExamples } from './command.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

/** One backup with its record, which nobody may have written. */
type BackupDetail = Readonly<{ backup: BackupView; record: Readonly<Record<string, unknown>> | null }>;

/** `hsmkeep backup …`: take backups, and see which there are. */
export function backupCommand(context: CommandContext): Command {
  const backup = noun('backup', 'backups of Managed HSMs and what is proven of them');
  addNow(backup, context);
  addList(backup, context);
  addShow(backup, context);
  addHolds(backup, context);
  addAdopt(backup, context);
  return withExamples(backup, [
    ['back up one HSM now and watch', 'hsmkeep backup now contoso-hsm'],
    ['which backups are there?', 'hsmkeep backup list contoso-hsm'],
  ]);
}

function addNow(backup: Command, { io, exit }: CommandContext): void {
  const now = backup
    .command('now')
    .description('take a backup of each HSM named, all at once')
    .argument('[hsm...]', 'names of HSMs')
    .option('--all', 'every HSM that is configured')
    .action(async (names: string[], options: ApiOptions & WaitOptions & { all?: boolean }) => {
      if (names.length > 0 === (options.all === true)) {
        throw new MisuseError('Say which HSMs to back up: their names, or --all.', 'hsmkeep hsm list shows the names.');
      }
      const api = await connect(options, io);
      const hsms = options.all ? (await api.list<HsmView>('/hsms')).value.map(({ name }) => name) : [...new Set(names)];
      const started = await Promise.all(hsms.map((hsm) => api.post<Accepted>(`/hsms/${encodeURIComponent(hsm)}/backups`)));

      if (options.wait === false) {
        print(io, options, { value: started }, ({ value }) => value.map(({ runId }) => `${runId}\n`).join(''));
        return;
      }
      const runs = await waitForRuns(
        api,
        started.map(({ runId }) => runId),
        options,
        io,
      );
      print(io, options, { value: runs }, ({ value }) => runTable(value, io));
      exit(exitFor(runs));
    });
  withExamples(withWaitOptions(withApiOptions(now)), [
    ['back up one HSM and watch', 'hsmkeep backup now contoso-hsm'],
    ['all of them, for a script: only start', 'hsmkeep backup now --all --no-wait --json'],
  ]);
}

function addList(backup: Command, { io }: CommandContext): void {
  const list = backup
    .command('list')
    .description('list backups, newest first')
    .argument('[hsm]', 'only those of this HSM')
    .action(async (hsm: string | undefined, options: ApiOptions) => {
      const api = await connect(options, io);
      const hsms = hsm === undefined ? (await api.list<HsmView>('/hsms')).value.map(({ name }) => name) : [hsm];
      const lists = await Promise.all(hsms.map((name) => api.list<BackupView>(`/hsms/${encodeURIComponent(name)}/backups`)));
      print(io, options, { value: lists.flatMap(({ value }) => value) }, ({ value }) =>
        value.length === 0 ? 'There is no backup yet; take one with: hsmkeep backup now <hsm>\n' : backupTable(value, io),
      );
    });
  withExamples(withApiOptions(list), [
    ['all backups of all HSMs', 'hsmkeep backup list'],
    ['folders of one HSM, for a script', `hsmkeep backup list contoso-hsm --json | jq -r '.value[].folder'`],
  ]);
}

function addShow(backup: Command, { io }: CommandContext): void {
  const show = backup
    .command('show')
    .description('show all that is recorded of one backup')
    .argument('<folder>', 'name of its folder: mhsm-<hsm>-<16 digits>')
    .option('--hsm <name>', 'the HSM it is kept under, when the folder’s name does not tell')
    .action(async (folder: string, options: ApiOptions & { hsm?: string }) => {
      const hsm = options.hsm ?? parseFolder(folder)?.hsm;
      if (hsm === undefined) {
        throw new MisuseError(`${folder} is not the name of a backup’s folder.`, 'hsmkeep backup list shows the names.');
      }
      const api = await connect(options, io);
      const path = `/hsms/${encodeURIComponent(hsm)}/backups/${encodeURIComponent(folder)}`;
      print(io, options, await api.get<BackupDetail>(path), ({ backup: view, record }) => documentDetails({ ...view, ...record }, io));
    });
  withExamples(withApiOptions(show), [['what is known of a backup?', 'hsmkeep backup show mhsm-contoso-hsm-2026112202000012']]);
}
