import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import type { RestoreView } from '../../domain/restore/view.ts';
import { MisuseError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { restorePage } from '../output/restore-views.ts';
import { readReadyFile } from '../ready-file.ts';
import { type CommandContext, print } from './command.ts';
import { readConfig } from './config.ts';
import { type PlanOptions, planBody } from './restore-options.ts';

/** Options of a restore that needs no server. */
export type DirectOptions = Readonly<{
  direct?: boolean;
  config?: string;
  storage?: string;
  landing?: string;
  readyFile?: string;
  json?: boolean;
}>;
export type ExecuteDirectOptions = DirectOptions &
  Readonly<{ hash: string; reason?: string; safetyBackup?: boolean; despiteLock?: boolean }>;

export function withDirectOptions(command: Command): Command {
  return command
    .option('--direct', 'break glass: without the app and without approval, with your own identity; kept beside the backups')
    .option('--config <file>', 'with --direct: the configuration (HSMKEEP_CONFIG)')
    .option(
      '--storage <account>',
      'with --direct: the account of the app, whose locks are looked at: its URL, or a connection string (HSMKEEP_STORAGE)',
    )
    .option(
      '--landing <container>',
      'with --direct --from immutableCopy: URL of a container in an account that the HSM may read; the plan is kept in it, the copy brought to one beside it',
    );
}

/** `restore plan --direct`. */
export async function planDirectly(hsm: string, options: DirectOptions & PlanOptions, { io }: CommandContext): Promise<void> {
  const { selector = { at: io.now().toISOString() }, scope, target, from } = planBody(options);
  if (options.landing !== undefined && from !== 'immutableCopy')
    throw new MisuseError('--landing is for a restore from the immutable copy.', 'Add --from immutableCopy, or leave it out.');
  const { planDirect, directClients, findHome } = await import('../../direct/direct.ts');
  const config = await readConfig(options.config, io);
  const storage = await storageOf(options, io);
  const request = { source: hsm, target: target ?? hsm, selector, scope, from };
  const say = sayTo(io);
  const plan = await forPeople(async () => {
    const home = await findHome({ clients: directClients(config, hsm, storage), say }, request, landingOf(options));
    return planDirect({ clients: directClients(config, hsm, storage, home), say }, request, home, io.now().toISOString());
  });

  const view: RestoreView = { ...plan, state: 'planned', decision: null, runId: null, outcome: null };
  const short = plan.hash.slice(0, 16);
  const withConfig = options.config === undefined ? '' : ` --config ${options.config}`;
  const withLanding = options.landing === undefined ? '' : ` --landing ${options.landing}`;
  print(io, options, view, (each) =>
    restorePage(
      each,
      io,
      `\nBreak glass:  hsmkeep restore execute ${plan.id} --hash ${short} --direct${withConfig}${withLanding} --reason "…"\n`,
    ),
  );
}

/** `restore execute --direct`. */
export async function executeDirectly(id: string, options: ExecuteDirectOptions, { io, exit }: CommandContext): Promise<void> {
  if (!options.reason?.trim())
    throw new MisuseError('A restore without approval needs a reason.', 'Say it with --reason; it is kept beside the backups.');
  const { executeDirect, findDirectPlan, directClients } = await import('../../direct/direct.ts');
  const config = await readConfig(options.config, io);
  const storage = await storageOf(options, io);
  const { plan, source, home } = await forPeople(() => findDirectPlan(config, id, storage, landingOf(options)));
  if (!plan.hash.startsWith(options.hash.toLowerCase()) || options.hash.length < 16)
    throw new OperatorError('The hash is not that of the plan.', `Plan anew, and read it: hsmkeep restore plan ${source} --direct`);

  const say = sayTo(io);
  say(`break glass: ${plan.target} is restored with your own identity and without approval`);
  const direct = { clients: directClients(config, source, storage, home), say };
  const outcome = await forPeople(() =>
    executeDirect(direct, plan, {
      reason: options.reason ?? '',
      withoutSafetyBackup: options.safetyBackup === false,
      despiteLock: options.despiteLock === true,
      now: () => io.now().toISOString(),
    }),
  );
  print(io, options, outcome, ({ restored, safetyBackup }) =>
    [
      restored ? `${plan.target} holds ${plan.folder} of ${plan.source}.\n` : `Whether ${plan.target} was restored is not known.\n`,
      safetyBackup ? `What it held before is in ${safetyBackup}.\n` : '',
    ].join(''),
  );
  for (const { message, hint } of outcome.remarks) io.stderr.write(`note: ${message}\n  ${hint.replaceAll('\n', '\n  ')}\n`);
  exit(outcome.restored ? EXIT.done : EXIT.failed);
}

const sayTo =
  (io: Io) =>
  (line: string): void =>
    void io.stderr.write(`${line}\n`);

/** @throws {MisuseError} when it is no address of a container */
function landingOf({ landing }: DirectOptions): string | undefined {
  if (landing === undefined || /^https?:\/\/[^/?#]+(\/[^/?#]+)*\/[a-z0-9-]{3,63}$/.test(landing)) return landing;
  throw new MisuseError(
    `${landing} is not the URL of a container.`,
    'Write https://<account>.blob.core.windows.net/<container>, without a token.',
  );
}

async function storageOf({ storage, readyFile }: DirectOptions, io: Io): Promise<string | undefined> {
  const given = storage ?? io.env['HSMKEEP_STORAGE'];
  return given ?? (readyFile === undefined ? undefined : (await readReadyFile(io.cwd, readyFile))?.ready.storageConnectionString);
}

/** What an HSM or storage refused or did not answer, as an error for people; our own bugs are thrown on. */
async function forPeople<T>(work: () => Promise<T>): Promise<T> {
  const { RefusedError, TransientError } = await import('../../clients/errors.ts');
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedError) throw new OperatorError(error.problem.message, error.problem.hint, { cause: error });
    if (error instanceof TransientError) throw new OperatorError(`${error.message}.`, 'Try again in a moment.', { cause: error });
    throw error;
  }
}
