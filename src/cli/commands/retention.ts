import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CommandContext, noun, withExamples } from './command.ts';
import { addApprove } from './retention-approve.ts';
import { addPreview } from './retention-preview.ts';

type PlanOptions = Readonly<{ policy: string; backups: string; now?: string; rulesOnly?: boolean; json?: boolean }>;

const FORMS = `
The policy:   {"retention": {"last": 3, "daily": 14, "within": "48h", "keepTags": [["quarter"]]}, "timeZone": "Europe/Berlin", "protect": {"floor": 3}}
              (the rules may also stand at the top; -1 is all; absent rules are off, absent protections have their defaults)
The backups:  [{"id": "…", "takenAt": "2026-11-22T02:00:00Z", "proof": "L2", "tags": ["quarter"], "heldUntil": "2027-01-01T00:00:00Z"}]
`;

/** `hsmkeep retention …`: what a policy keeps; deletes nothing. `plan` needs no server. */
export function retentionCommand(context: CommandContext): Command {
  const { io } = context;
  const retention = noun('retention', 'see what a retention policy keeps, and why');

  const plan = retention
    .command('plan')
    .description('decide about each backup of a list: keep or forget, and why; deletes nothing')
    .requiredOption('--policy <file>', 'the policy, JSON')
    .requiredOption('--backups <file>', 'the backups, JSON')
    .option('--now <time>', 'plan as of this time, ISO 8601 with an offset (default: now)')
    .option('--rules-only', 'only the keep rules, as restic has them: no proof, floor, guards or brake')
    .option('--json', 'print the plan as JSON: {"decisions", "refused"}')
    .action(async (options: PlanOptions) => {
      const [{ readNow, readPlanFiles }, { planByRules, planRetention }, { forecast, recoverable }, { planView }] = await Promise.all([
        import('../retention/read-input.ts'),
        import('../../domain/retention/plan.ts'),
        import('../../domain/retention/forecast.ts'),
        import('../retention/plan-view.ts'),
      ]);
      const now = readNow(options.now, io.now());
      const { policy, backups } = readPlanFiles({ policy: resolve(io.cwd, options.policy), backups: resolve(io.cwd, options.backups) });
      const { decisions, refused } = options.rulesOnly
        ? { decisions: planByRules(policy, backups, now), refused: null }
        : planRetention({ policy, backups, now, hash: sha256 });

      const document = { decisions: decisions.map(({ id, keep, reasons }) => ({ id, keep, reasons })), refused };
      if (options.json) {
        io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
        return;
      }
      // Without protections there is no time between mark and deletion to foresee.
      const foreseen = options.rulesOnly ? undefined : forecast(policy, backups, decisions, now);
      const foresight = foreseen && { goesAt: Object.fromEntries(foreseen), recoverable: recoverable(policy, backups, foreseen) };
      io.stdout.write(planView(document, backups, policy.timeZone, io, foresight));
    });
  plan.addHelpText('after', FORMS);
  withExamples(plan, [
    ['what would this policy keep of these backups?', 'hsmkeep retention plan --policy policy.json --backups backups.json'],
    [
      'only the rules, a year from now, for a script',
      'hsmkeep retention plan --policy p.json --backups b.json --rules-only --now 2027-11-22T10:00:00Z --json',
    ],
  ]);

  addPreview(retention, context);
  addApprove(retention, context);
  return withExamples(retention, [['what would a policy keep?', 'hsmkeep retention plan --policy policy.json --backups backups.json']]);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
