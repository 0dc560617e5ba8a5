import type { Command } from 'commander';
import type { SecretView, VaultProblem } from '../../domain/rotation/secret-view.ts';
import { secretTable } from '../output/secret-views.ts';
import { documentDetails, runTable } from '../output/views.ts';
import { type ApiOptions, type CommandContext, connect, noun, print, withApiOptions, withExamples } from './command.ts';
import { addMendCommands } from './secret-mend.ts';
import { pathOf } from './secret-reference.ts';
import { addValueCommands, reveal } from './secret-values.ts';
import { type Accepted, exitFor, type WaitOptions, waitForRuns, withWaitOptions } from './wait.ts';

/** What the API says of one secret. */
type SecretDetail = Readonly<{ secret: SecretView; tags: Readonly<Record<string, string>>; versions: readonly object[] }>;

/** `hsmkeep secret …`: the secrets of Key Vaults, and their rotation. Served by the app with the rotate duty, which never shows a value; or, for a value itself, straight at the vault. */
export function secretCommand(context: CommandContext): Command {
  const secret = noun('secret', 'the secrets of Key Vaults, and how they are rotated');
  addList(secret, context);
  addShow(secret, context);
  addManage(secret, context);
  addRotate(secret, context);
  addMendCommands(secret, context);
  addValueCommands(secret, context);
  return withExamples(secret, [
    ['which secrets are due?', 'hsmkeep secret list'],
    ['rotate one now and watch', 'hsmkeep secret rotate contoso-kv/app-key --reason "left the team"'],
  ]);
}

function addList(secret: Command, { io }: CommandContext): void {
  const list = secret
    .command('list')
    .description('list the secrets of all vaults, managed or not')
    .argument('[vault]', 'only those of this vault')
    .action(async (vault: string | undefined, options: ApiOptions) => {
      const api = await connect(options, io, 'rotate');
      // The app lists whole vaults for each page.
      const query = new URLSearchParams({ ...(vault !== undefined && { vault }), top: '1000' });
      const found = await api.list<SecretView>(`/secrets?${query}`);
      print(io, options, found, ({ value, problems = [] }) => secretTable(value, problems as readonly VaultProblem[], io));
    });
  withExamples(withApiOptions(list), [
    ['how do all secrets stand?', 'hsmkeep secret list'],
    ['whose last rotation failed?', `hsmkeep secret list --json | jq -r '.value[] | select(.lastResult.status == "Failed") | .name'`],
    ['those that nobody rotates', `hsmkeep secret list --json | jq -r '.value[] | select(.state == "unmanaged") | .name'`],
  ]);
}

type ShowOptions = ApiOptions & Readonly<{ reveal?: boolean; config?: string; version?: string }>;

function addShow(secret: Command, { io }: CommandContext): void {
  const show = secret
    .command('show')
    .description('show how one secret stands, with its tags and versions; its value only with --reveal')
    .argument('<vault/name>', 'the secret')
    .option('--reveal', 'the value and nothing else, with your own identity, straight from the vault')
    .option('--config <file>', 'with --reveal: the configuration (HSMKEEP_CONFIG); without one, that of the local stack')
    .option('--version <version>', 'with --reveal: an earlier version')
    .action(async (reference: string, options: ShowOptions) => {
      if (options.reveal) return reveal(reference, options, io);
      const path = pathOf(reference);
      const api = await connect(options, io, 'rotate');
      print(io, options, await api.get<SecretDetail>(path), ({ secret: view, tags, versions }) =>
        documentDetails({ ...view, tags, versions }, io),
      );
    });
  withExamples(withApiOptions(show), [
    ['when was it changed, and when is it due?', 'hsmkeep secret show contoso-kv/app-key'],
    ['what is it?', 'hsmkeep secret show contoso-kv/app-key --reveal'],
  ]);
}

type ManageOptions = ApiOptions &
  Readonly<{ provider: string; target?: string; principal?: string; admin?: string; policy?: string; notify?: string; dryRun?: boolean }>;
type Managed = Readonly<{ managed: boolean; checks: readonly object[]; tags: Readonly<Record<string, string>>; expiresAt: string }>;

function addManage(secret: Command, { io }: CommandContext): void {
  const manage = secret
    .command('manage')
    .description('have a secret rotated from now on: its target is checked and its current value tried there; nothing is rotated')
    .argument('<vault/name>', 'the secret')
    .requiredOption('--provider <name>', 'what rotates it: postgres, mariadb, generated, webhook, …; see docs/providers.md')
    .option('--target <url>', 'what it is a credential for, without credentials; the configuration must allow it')
    .option('--principal <name>', 'the account on the target; two that take turns as a|b')
    .option('--admin <vault/name>', 'the secret with the right to change it; mi or self')
    .option('--policy <text>', 'such as "every=60d;grace=7d;window=Sat 02:00/3h Europe/Berlin"')
    .option('--notify <names>', 'webhooks of the configuration that are told')
    .option('--dry-run', 'check only, change nothing')
    .action(async (reference: string, options: ManageOptions) => {
      const path = `${pathOf(reference)}/management`;
      const { provider, target, principal, admin, policy, notify, dryRun = false } = options;
      const api = await connect(options, io, 'rotate');
      const managed = await api.put<Managed>(path, { provider, target, principal, admin, policy, notify, dryRun });
      print(io, options, managed, (each) => documentDetails(each, io));
    });
  withExamples(withApiOptions(manage), [
    ['a random value that an application reads', 'hsmkeep secret manage contoso-kv/app-key --provider generated --policy "every=90d"'],
    [
      'two users of a PostgreSQL database take turns',
      'hsmkeep secret manage contoso-kv/db --provider postgres --target postgres://db.contoso.net/app --principal "app_a|app_b" --admin contoso-kv/db-admin',
    ],
    [
      "somebody's own code changes the password",
      'hsmkeep secret manage contoso-kv/db --provider webhook --target https://rotate.contoso.net/db --admin contoso-kv/hook-key --dry-run',
    ],
  ]);
}

function addRotate(secret: Command, { io, exit }: CommandContext): void {
  const rotate = secret
    .command('rotate')
    .description('rotate a secret now')
    .argument('<vault/name>', 'the secret')
    .requiredOption('--reason <text>', 'why; kept with the run')
    .option('--compromise', 'its value is known to others: no grace, no window, the old value ends at once')
    .action(async (reference: string, options: ApiOptions & WaitOptions & { reason: string; compromise?: boolean }) => {
      const path = `${pathOf(reference)}/rotate`;
      const api = await connect(options, io, 'rotate');
      const mode = options.compromise ? 'compromise' : 'normal';
      const started = await api.post<Accepted>(path, { reason: options.reason, mode });

      if (options.wait === false) {
        print(io, options, { value: [started] }, ({ value }) => value.map(({ runId }) => `${runId}\n`).join(''));
        return;
      }
      const runs = await waitForRuns(api, [started.runId], options, io);
      print(io, options, { value: runs }, ({ value }) => runTable(value, io));
      exit(exitFor(runs));
    });
  withExamples(withWaitOptions(withApiOptions(rotate)), [
    ['rotate and watch', 'hsmkeep secret rotate contoso-kv/app-key --reason "yearly audit"'],
    ['the value was seen in a log', 'hsmkeep secret rotate contoso-kv/app-key --reason "seen in a log" --compromise'],
  ]);
}
