import { Command } from 'commander';
import { subjectOf } from '../../domain/rotation/subject.ts';
import { type CallerOptions, resolveCaller, withCallerOptions } from '../caller.ts';
import { confirm } from '../confirm.ts';
import { MisuseError } from '../errors.ts';
import { forPeople } from '../for-people.ts';
import { type CommandContext, print, withExamples } from './command.ts';

/** `hsmkeep unlock`: removes a lock that nobody needs any more, from storage alone. */
export function unlockCommand({ io }: CommandContext): Command {
  const unlock = new Command('unlock')
    .description('remove the lock of a run that has ended and whose job is over; a lock in use is left alone')
    .argument('<hsm>', 'name of the HSM; of a secret vault/name')
    .option('--storage <account>', 'account of the app’s own container: URL or connection string (HSMKEEP_STORAGE)')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: CallerOptions & { yes?: boolean }) => {
      const { config, access, storage } = await resolveCaller(options, io);
      if (storage === undefined)
        throw new MisuseError(
          'Locks lie in the app’s own container, and its account was not named.',
          'Name it with --storage or HSMKEEP_STORAGE.',
        );
      const known = [...config.hsms, ...config.drillHsms].find((hsm) => hsm.name.toLowerCase() === name.toLowerCase());
      const [, vault, secret] = /^([0-9a-zA-Z-]+)\/([0-9a-zA-Z-]+)$/.exec(name) ?? [];
      const subject = vault && secret ? subjectOf(vault, secret) : known?.name;
      if (subject === undefined)
        throw new MisuseError(`No HSM named ${name} is configured.`, 'hsmkeep hsm list shows the names; a secret is vault/name.');

      const [{ createClients }, { findStaleLock, removeLock }] = await Promise.all([
        import('../../clients/clients.ts'),
        import('../../admin/unlock.ts'),
      ]);
      const clients = createClients({ config, storage, duties: ['backup'], identities: {} }, 'backup', access);
      const stale = await forPeople(() => findStaleLock(clients, subject));
      if (!stale) {
        print(io, options, { subject, removed: null }, () => `${name} is not locked.\n`);
        return;
      }
      const { owner, step, since } = stale.lock;
      await confirm(io, `Remove the lock of ${owner}, which ended (at "${step}", since ${since})`, options.yes);
      const removed = await forPeople(() => removeLock(clients, stale));
      print(io, options, { subject, removed: removed ? stale.lock : null }, () =>
        removed
          ? `Removed: the lock of ${owner} on ${name}.\n`
          : `Somebody else has taken the lock of ${name} meanwhile; it was left alone.\n`,
      );
    });
  return withExamples(withCallerOptions(unlock), [
    ['a run that broke off still holds the lock', 'hsmkeep unlock contoso-hsm'],
    ['of a secret', 'hsmkeep unlock contoso-kv/db-password --yes'],
  ]);
}
