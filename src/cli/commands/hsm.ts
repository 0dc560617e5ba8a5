import type { Command } from 'commander';
import type { HsmView } from '../../domain/views.ts';
import { hsmTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, noun, print, withApiOptions, withExamples } from './command.ts';

/** `hsmkeep hsm …`: the HSMs that are kept, and how they stand. */
export function hsmCommand({ io }: CommandContext): Command {
  const hsm = noun('hsm', 'the HSMs that are kept, and how old their newest proven backup is');

  const list = hsm
    .command('list')
    .description('list all HSMs')
    .action(async (options: ApiOptions) => {
      const api = await connect(options, io);
      print(io, options, await api.list<HsmView>('/hsms'), ({ value }) =>
        value.length === 0 ? 'No HSM is configured.\n' : hsmTable(value, io),
      );
    });
  withExamples(withApiOptions(list), [
    ['how old is the newest proven backup of each HSM?', 'hsmkeep hsm list'],
    ['names of HSMs that are overdue', `hsmkeep hsm list --json | jq -r '.value[] | select(.status != "ok") | .name'`],
  ]);

  return withExamples(hsm, [['how old is the newest proven backup of each HSM?', 'hsmkeep hsm list']]);
}
