import { Command } from 'commander';
import type { DrillPlan } from '../../domain/drill/plan.ts';
import { drillPage } from '../output/drill-views.ts';
import { runDetails } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

type DrillOptions = ApiOptions & WaitOptions & Readonly<{ plan?: boolean }>;

/** Reading the keys of a large HSM takes longer than other calls. */
const PLAN_SECONDS = 120;

/** `hsmkeep drill`: prove a backup by restoring from it. Served by the app with the restore duty. */
export function drillCommand({ io, exit }: CommandContext): Command {
  const command = new Command('drill')
    .description('prove a backup by restoring from it into the drill HSM: L3c for the canary key, L3 for everything')
    .argument('<hsm>', 'the HSM whose backup it is; its configuration names the drill HSM')
    .argument('[folder]', 'the backup: mhsm-<hsm>-<16 digits>; without it the newest recorded one')
    .option('--plan', 'only show what would be copied, and who would lose a role in the drill HSM; changes nothing')
    .action(async (hsm: string, folder: string | undefined, options: DrillOptions) => {
      const path = `/hsms/${encodeURIComponent(hsm)}/drill`;
      if (options.plan) {
        const api = await connect({ ...options, timeout: Math.max(options.timeout ?? 0, PLAN_SECONDS) }, io, 'restore');
        return print(io, options, await api.get<DrillPlan>(path), drillPage);
      }
      const api = await connect(options, io, 'restore');
      const started = await api.post<Accepted>(path, folder === undefined ? {} : { folder });
      if (options.wait === false)
        return print(io, options, { value: [started] }, ({ value }) => value.map(({ runId }) => `${runId}\n`).join(''));

      const runs = await waitForRuns(api, [started.runId], options, io);
      print(io, options, { value: runs }, ({ value }) => value.map((run) => runDetails(run, io)).join('\n'));
      exit(exitFor(runs));
    });
  return withExamples(withWaitOptions(withApiOptions(command)), [
    ['does the newest backup restore?', 'hsmkeep drill contoso-hsm'],
    ['what would that copy, and where to?', 'hsmkeep drill contoso-hsm --plan'],
    ['does this one?', 'hsmkeep drill contoso-hsm mhsm-contoso-hsm-2026112202000012'],
  ]);
}
