import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import type { PruningPlan } from '../../domain/pruning.ts';
import type { RetentionApproval } from '../../domain/retention-approval.ts';
import type { ApiClient } from '../api/client.ts';
import { MisuseError } from '../errors.ts';
import { SHORT_HASH } from '../output/restore-views.ts';
import { counted, instant } from '../output/words.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';

/** `hsmkeep retention approve`: lets the next night go beyond the brake. */
export function addApprove(retention: Command, { io }: CommandContext): void {
  const approve = retention
    .command('approve')
    .description('let the next night delete more than the brake allows: exactly the plan of this hash; takes an administrator')
    .argument('<hsm>', 'name of the HSM')
    .requiredOption('--hash <hash>', `hash of the plan that you have seen (retention preview); its first ${SHORT_HASH} digits do`)
    .option('--note <text>', 'why; kept with the approval')
    .action(async (hsm: string, options: ApiOptions & { hash: string; note?: string }) => {
      const api = await connect(options, io);
      const path = `/hsms/${encodeURIComponent(hsm)}/retention`;
      const planHash = await wholeHash(api, hsm, path, options.hash);
      const body = { planHash, ...(options.note !== undefined && { note: options.note }) };
      print(io, options, await api.post<RetentionApproval>(`${path}/approve`, body), ({ ids, expiresAt }) =>
        [
          `${counted(ids.length, 'backup')} of ${hsm} may be marked for deletion by the next night, until ${instant(expiresAt)}:\n`,
          ...ids.map((id) => `  ${id}\n`),
          'Marked ones are deleted after the undo period; `hsmkeep backup undo` or `backup hold` brings one back.\n',
        ].join(''),
      );
    });
  withExamples(withApiOptions(approve), [
    ['see it, then approve it', 'hsmkeep retention approve contoso-hsm --hash 3f2a9c0b1d4e5f60 --note "policy cut to 14 days, ticket 42"'],
    ['on the local stack root is the administrator', 'hsmkeep retention approve contoso-hsm --hash 3f2a9c0b1d4e5f60 --as root'],
  ]);
}

/** The hash of the plan as it is now, if it begins as typed. A whole one is for the server to judge. */
async function wholeHash(api: ApiClient, hsm: string, path: string, typed: string): Promise<string> {
  const hash = typed.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  if (!/^[0-9a-f]+$/.test(hash) || hash.length < SHORT_HASH)
    throw new MisuseError(
      `${typed} is not enough of a hash.`,
      `Give at least ${SHORT_HASH} digits of it: hsmkeep retention preview ${hsm}`,
    );

  const { refused } = await api.post<Pick<PruningPlan, 'refused'>>(`${path}/preview`);
  if (refused?.planHash?.startsWith(hash)) return refused.planHash;
  throw new OperatorError(
    refused?.planHash === undefined ? 'Nothing waits for an approval.' : `The plan is another one by now: its hash is ${refused.planHash}.`,
    `See what the plan is now: hsmkeep retention preview ${hsm}`,
  );
}
