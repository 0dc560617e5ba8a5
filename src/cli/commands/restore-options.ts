import { type Command, Option } from 'commander';
import { parseFolder } from '../../domain/folder.ts';
import type { BackupSelector, RestoreFrom, RestoreScope } from '../../domain/restore/plan.ts';
import { MisuseError } from '../errors.ts';

/** Which backup, how much of it, and into what. */
export type PlanOptions = Readonly<{ folder?: string; at?: string; holding?: string; key?: string; target?: string; from?: RestoreFrom }>;

export function withPlanOptions(command: Command): Command {
  return command
    .option('--folder <folder>', 'this backup: mhsm-<hsm>-<16 digits>; without any choice the newest proven one')
    .option('--at <instant>', 'the newest proven backup at or before this instant, ISO 8601: 2026-11-17T14:00:00Z')
    .option('--holding <key/version>', 'the newest proven backup that holds this version of a key')
    .option('--key <name>', 'bring back this one key, with all its versions; without it the whole HSM')
    .addOption(
      new Option('--from <where>', 'read the backup where the HSM wrote it, or the second copy, which is compared again first').choices([
        'backups',
        'immutableCopy',
      ]),
    )
    .option('--target <hsm>', 'the HSM to restore into; without it the one that was backed up');
}

/** The request that the options mean. @throws {MisuseError} */
export function planBody(
  options: PlanOptions,
): Readonly<{ selector?: BackupSelector; scope: RestoreScope; target?: string; from?: RestoreFrom }> {
  const selector = selectorOf(options);
  return {
    ...(selector && { selector }),
    scope: options.key === undefined ? 'full' : { key: options.key },
    ...(options.target !== undefined && { target: options.target }),
    ...(options.from !== undefined && { from: options.from }),
  };
}

function selectorOf({ folder, at, holding }: PlanOptions): BackupSelector | undefined {
  if ([folder, at, holding].filter((choice) => choice !== undefined).length > 1)
    throw new MisuseError('More than one backup was chosen.', 'Use one of --folder, --at and --holding.');
  if (folder !== undefined) {
    if (!parseFolder(folder))
      throw new MisuseError(`${folder} is not the name of a backup’s folder.`, 'hsmkeep backup list shows the names.');
    return { folder };
  }
  if (at !== undefined) {
    if (Number.isNaN(Date.parse(at)) || !/(Z|[+-]\d\d:\d\d)$/.test(at))
      throw new MisuseError(`${at} is not an instant.`, 'Write ISO 8601 with a time and an offset: 2026-11-17T14:00:00Z.');
    return { at: new Date(at).toISOString() };
  }
  if (holding === undefined) return undefined;
  const [, key, version] = /^([0-9a-zA-Z-]+)\/([0-9a-fA-F]{32})$/.exec(holding) ?? [];
  if (!key || !version)
    throw new MisuseError(`${holding} is not a version of a key.`, 'Write <key>/<version>; the version has 32 hexadecimal digits.');
  return { key, version };
}
