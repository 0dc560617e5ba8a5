import type { Command } from 'commander';
import type { RestoreView } from '../../domain/restore/view.ts';
import { restorePage } from '../output/restore-views.ts';
import { runDetails } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, noun, print, withApiOptions, withExamples } from './command.ts';
import { addDecide, addExecute } from './restore-consent.ts';
import { type DirectOptions, planDirectly, withDirectOptions } from './restore-direct.ts';
import { type PlanOptions, planBody, withPlanOptions } from './restore-options.ts';
import { exitFor, type WaitOptions, waitForRuns, waitTimeoutOption } from './wait.ts';

/** Reading the keys of a large HSM takes longer than other calls. */
const PLAN_SECONDS = 120;

/** `hsmkeep restore …`: plan, have it approved by somebody else, carry it out. Served by the app with the restore duty. */
export function restoreCommand(context: CommandContext): Command {
  const restore = noun('restore', 'bring an HSM, or one key, back from a backup: planned, approved by a second person, carried out');
  addPlan(restore, context);
  addDecide(restore, context, 'approve');
  addDecide(restore, context, 'reject');
  addExecute(restore, context);
  addShow(restore, context);
  return withExamples(restore, [
    ['what would it destroy? (changes nothing)', 'hsmkeep restore plan contoso-hsm'],
    ['one key, as it was on Tuesday', 'hsmkeep restore plan contoso-hsm --key payments --at 2026-11-17T14:00:00Z'],
  ]);
}

function addPlan(restore: Command, context: CommandContext): void {
  const { io } = context;
  const plan = restore
    .command('plan')
    .description('show what a restore would destroy and what stands in its way; changes nothing')
    .argument('<hsm>', 'the HSM whose backup it is')
    .action(async (hsm: string, options: ApiOptions & PlanOptions & DirectOptions) => {
      if (options.direct) return planDirectly(hsm, options, context);
      const body = planBody(options);
      const api = await connect({ ...options, timeout: Math.max(options.timeout ?? 0, PLAN_SECONDS) }, io, 'restore');
      const planned = await api.post<RestoreView>(`/hsms/${encodeURIComponent(hsm)}/restores`, body);
      print(io, options, planned, (view) => restorePage(view, io));
    });
  withExamples(withDirectOptions(withPlanOptions(withApiOptions(plan))), [
    ['the whole HSM from its newest proven backup', 'hsmkeep restore plan contoso-hsm'],
    ['into a new HSM of the same security domain', 'hsmkeep restore plan contoso-hsm --target contoso-new'],
    ['one deleted key', 'hsmkeep restore plan contoso-hsm --key payments'],
    ['when hsmkeep itself is gone', 'hsmkeep restore plan contoso-hsm --target contoso-new --direct --config hsmkeep.json'],
    [
      'from the newest backup that holds this version of a key',
      'hsmkeep restore plan contoso-hsm --holding payments/0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    ],
  ]);
}

function addShow(restore: Command, { io, exit }: CommandContext): void {
  const show = restore
    .command('show')
    .description('show a restore: its plan, who said what to it, and how it went')
    .argument('<id>', 'id of the restore')
    .option('--follow', 'wait for the end of its run, with its steps; exit 1 if it fails')
    .addOption(waitTimeoutOption())
    .action(async (id: string, options: ApiOptions & WaitOptions & { follow?: boolean }) => {
      const api = await connect(options, io, 'restore');
      const path = `/restores/${encodeURIComponent(id)}`;
      const first = await api.get<RestoreView>(path);
      const [run] = options.follow && first.runId !== null ? await waitForRuns(api, [first.runId], options, io) : [];
      const view = run ? await api.get<RestoreView>(path) : first;
      print(io, options, view, (each) => restorePage(each, io) + (run ? `\n${runDetails(run, io)}` : ''));
      if (run) exit(exitFor([run]));
    });
  withExamples(withApiOptions(show), [
    ['what does the plan say?', 'hsmkeep restore show restore-contoso-hsm-20261122T100000000Z'],
    ['watch it until it ends', 'hsmkeep restore show restore-contoso-hsm-20261122T100000000Z --follow'],
  ]);
}
