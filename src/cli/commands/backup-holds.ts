import type { Command } from 'commander';
import { parseFolder } from '../../domain/folder.ts';
import type { BackupRecord } from '../../domain/record.ts';
import type { BackupView } from '../../domain/views.ts';
import type { ApiClient } from '../api/client.ts';
import { MisuseError } from '../errors.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';

type Changed = Readonly<{ backup: BackupView; record: BackupRecord }>;
type FolderOptions = ApiOptions & Readonly<{ hsm?: string }>;

/** The verbs of `hsmkeep backup` that keep retention from a backup. */
export function addHolds(backup: Command, context: CommandContext): void {
  addHold(backup, context);
  addRelease(backup, context);
  addUndo(backup, context);
}

function addHold(backup: Command, { io }: CommandContext): void {
  const hold = verb(backup, 'hold', 'keep retention from a backup until a time')
    .requiredOption('--until <time>', 'ISO 8601 with an offset, such as 2027-01-01T00:00:00Z')
    .requiredOption('--reason <text>', 'why, for those who find the hold')
    .action(async (folder: string, options: FolderOptions & { until: string; reason: string }) => {
      const { until, reason } = options;
      const changed = await change(folder, options, io, (api, path) => api.put<Changed>(`${path}/hold`, { until, reason }));
      print(io, options, changed, ({ record }) => `${folder} is held until ${latest(record.holds.map((each) => each.until))}.\n`);
    });
  withExamples(hold, [
    [
      'keep a backup over an audit',
      'hsmkeep backup hold mhsm-contoso-hsm-2026112202000012 --until 2027-06-30T00:00:00Z --reason "audit 2026"',
    ],
  ]);
}

function addRelease(backup: Command, { io }: CommandContext): void {
  const release = verb(backup, 'release', 'take away the holds that people have put on a backup').action(
    async (folder: string, options: FolderOptions) => {
      const changed = await change(folder, options, io, (api, path) => api.delete<Changed>(`${path}/hold`));
      print(io, options, changed, ({ record }) =>
        record.holds.length === 0
          ? `${folder} is not held any more.\n`
          : `${folder} is still held by ${record.holds.map(({ by }) => by).join(', ')}.\n`,
      );
    },
  );
  withExamples(release, [['the audit is over', 'hsmkeep backup release mhsm-contoso-hsm-2026112202000012']]);
}

function addUndo(backup: Command, { io }: CommandContext): void {
  const undo = verb(backup, 'undo', 'take the mark for deletion off a backup').action(async (folder: string, options: FolderOptions) => {
    const changed = await change(folder, options, io, (api, path) => api.post<Changed>(`${path}/undo`));
    print(
      io,
      options,
      changed,
      () => `${folder} is not marked any more; while no rule keeps it, the next night marks it anew (\`backup hold\` keeps it).\n`,
    );
  });
  withExamples(undo, [['bring a backup back', 'hsmkeep backup undo mhsm-contoso-hsm-2026112202000012']]);
}

const verb = (backup: Command, name: string, description: string): Command =>
  withApiOptions(
    backup
      .command(name)
      .description(description)
      .argument('<folder>', 'name of its folder: mhsm-<hsm>-<16 digits>')
      .option('--hsm <name>', 'the HSM it is kept under, when the folder’s name does not tell'),
  );

async function change(
  folder: string,
  options: FolderOptions,
  io: CommandContext['io'],
  send: (api: ApiClient, path: string) => Promise<Changed>,
): Promise<Changed> {
  const hsm = options.hsm ?? parseFolder(folder)?.hsm;
  if (hsm === undefined) throw new MisuseError(`${folder} is not the name of a backup’s folder.`, 'hsmkeep backup list shows the names.');
  return send(await connect(options, io), `/hsms/${encodeURIComponent(hsm)}/backups/${encodeURIComponent(folder)}`);
}

const latest = (times: readonly string[]): string => times.toSorted().at(-1) ?? '';
