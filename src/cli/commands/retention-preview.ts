import type { Command } from 'commander';
import type { PruningPlan } from '../../domain/pruning.ts';
import type { BackupView } from '../../domain/views.ts';
import { SHORT_HASH } from '../output/restore-views.ts';
import { counted } from '../output/words.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';

type Preview = Omit<PruningPlan, 'schema'>;

/** `hsmkeep retention preview`: what retention would do with the backups of an HSM now. */
export function addPreview(retention: Command, { io }: CommandContext): void {
  const preview = retention
    .command('preview')
    .description('show what retention would do with the backups of an HSM now, and why; changes nothing')
    .argument('<hsm>', 'name of the HSM')
    .action(async (hsm: string, options: ApiOptions) => {
      const api = await connect(options, io);
      const path = `/hsms/${encodeURIComponent(hsm)}`;
      const [plan, { value }] = await Promise.all([
        api.post<Preview>(`${path}/retention/preview`),
        api.list<BackupView>(`${path}/backups`),
      ]);
      const { planView } = await import('../retention/plan-view.ts');
      print(io, options, plan, () => {
        const backups = value.map(({ folder, takenAt, proof }) => ({ id: folder, takenAt, proof }));
        return `${planView(plan, backups, plan.timeZone, io, plan)}\n${nextNight(plan)}`;
      });
    });
  withExamples(withApiOptions(preview), [
    ['what would the next night do?', 'hsmkeep retention preview contoso-hsm'],
    ['which backups go next, for a script', `hsmkeep retention preview contoso-hsm --json | jq -r '.prune[].folder'`],
  ]);
}

/** What a night would do that began now. */
function nextNight({ mode, mark, lift, waiting, prune, finish, copies, approval }: Preview): string {
  const lines = [
    mark.length > 0 && `mark ${counted(mark.length, 'backup')} for deletion`,
    lift.length > 0 && `take the mark off ${counted(lift.length, 'backup')}`,
    prune.length + finish.length > 0 &&
      `delete ${counted(prune.length + finish.length, 'backup')}: ${[...prune.map(({ folder }) => folder), ...finish].join(', ')}`,
    copies.due.length > 0 && `delete the second copy of ${copies.due.join(', ')}`,
  ].filter((line) => line !== false);
  const waits = [
    ...waiting.map(({ folder, deletableAt }) => `${folder} is marked; it may be deleted from ${deletableAt} on.\n`),
    ...copies.waiting.map(({ folder, removableAt }) => `Of ${folder} the second copy is left; it may be deleted from ${removableAt} on.\n`),
  ].join('');
  const approved = approval
    ? `${approval.by} has approved the plan ${approval.planHash.slice(0, SHORT_HASH)}; the next night that prunes uses that up, until ${approval.expiresAt}.\n`
    : '';
  const would = mode === 'observe' ? 'If it did more than observe, a night would' : 'A night would';
  return `${lines.length === 0 ? `${would} change nothing.\n` : `${would} ${lines.join(', ')}.\n`}${waits}${approved}`;
}
