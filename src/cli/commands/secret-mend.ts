import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { documentDetails, runTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, print, withApiOptions, withExamples } from './command.ts';
import { pathOf } from './secret-reference.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

/** `hsmkeep secret repair|resume|unmanage`: what to do when a rotation did not end well, or is no longer wanted. */
export function addMendCommands(secret: Command, context: CommandContext): void {
  addRun(secret, context, {
    verb: 'repair',
    description: 'find out which value works on the target, and publish that one; nothing is overwritten when none does',
    example: ['applications cannot log in any more', 'hsmkeep secret repair contoso-kv/db --reason "password was reset by hand"'],
  });
  addRun(secret, context, {
    verb: 'resume',
    description: 'go on at once with a rotation that was broken off, in place of waiting for the next try',
    example: ['its target is back', 'hsmkeep secret resume contoso-kv/db --reason "database is up again"'],
  });
  addUnmanage(secret, context);
}

type Verb = Readonly<{ verb: 'repair' | 'resume'; description: string; example: readonly [string, string] }>;

function addRun(secret: Command, { io, exit }: CommandContext, { verb, description, example }: Verb): void {
  const command = secret
    .command(verb)
    .description(description)
    .argument('<vault/name>', 'the secret')
    .requiredOption('--reason <text>', 'why; kept with the run')
    .action(async (reference: string, options: ApiOptions & WaitOptions & { reason: string }) => {
      const path = `${pathOf(reference)}/${verb}`;
      const api = await connect(options, io, 'rotate');
      const started = await api.post<Accepted>(path, { reason: options.reason });
      if (options.wait === false) {
        print(io, options, { value: [started] }, ({ value }) => value.map(({ runId }) => `${runId}\n`).join(''));
        return;
      }
      const runs = await waitForRuns(api, [started.runId], options, io);
      print(io, options, { value: runs }, ({ value }) => runTable(value, io));
      exit(exitFor(runs));
    });
  withExamples(withWaitOptions(withApiOptions(command)), [example]);
}

function addUnmanage(secret: Command, { io }: CommandContext): void {
  const unmanage = secret
    .command('unmanage')
    .description('rotate a secret no more; its value, versions and other tags stay')
    .argument('<vault/name>', 'the secret')
    .option('--force', 'even while a rotation of it is under way or its old credential still works: both stay as they are')
    .option('--yes', 'do not ask')
    .action(async (reference: string, options: ApiOptions & { force?: boolean; yes?: boolean }) => {
      const path = `${pathOf(reference)}/management${options.force ? '?force=true' : ''}`;
      await confirm(io, `Have ${reference} rotated no more`, options.yes);
      const api = await connect(options, io, 'rotate');
      const answer = await api.delete<Readonly<{ managed: boolean }>>(path);
      print(io, options, answer, (each) => documentDetails(each, io));
    });
  withExamples(withApiOptions(unmanage), [['somebody else looks after it', 'hsmkeep secret unmanage contoso-kv/app-key --yes']]);
}
