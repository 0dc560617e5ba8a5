import { Command } from 'commander';
import type { Fleet } from '../../admin/fleet.ts';
import type { FleetStep } from '../../admin/setup.ts';
import type { ServedHsm } from '../../domain/rights/grants.ts';
import { later, parseSpan } from '../../domain/rotation/duration.ts';
import { type CallerOptions, resolveCaller, withCallerOptions } from '../caller.ts';
import { confirm } from '../confirm.ts';
import { MisuseError } from '../errors.ts';
import { forPeople } from '../for-people.ts';
import type { Io } from '../io.ts';
import { setupTable } from '../output/setup-views.ts';
import { counted, instant } from '../output/words.ts';
import { principalsOf } from '../principals.ts';
import { type CommandContext, print, withExamples } from './command.ts';

type SetupOptions = CallerOptions &
  Readonly<{
    apply?: boolean;
    remove?: boolean;
    armRestore?: string;
    disarm?: string;
    for?: string;
    hsm?: string[];
    identity?: string[];
    yes?: boolean;
  }>;

/** Longer, and the right is no exception any more. */
const LONGEST_ARM_MS = 24 * 3_600_000;

/** `hsmkeep setup`: what needs the data plane of HSMs and storage, done by an HSM administrator. */
export function setupCommand({ io }: CommandContext): Command {
  const setup = new Command('setup')
    .description('set up roles on HSMs, containers and canary keys; without --apply only shows what it would do')
    .option('--apply', 'do it; doing it again changes nothing')
    .option('--remove', 'take roles and their assignments away again; keys, containers and backups stay')
    .option('--arm-restore <hsm>', 'let the restore duty restore into this HSM, for the time of --for')
    .option('--for <span>', 'how long: 30m, 4h; at most 24h')
    .option('--disarm <hsm>', 'end that now')
    .option('--hsm <name...>', 'only these HSMs')
    .option('--identity <duty=id...>', 'object ids of the identities, such as backup=1111… (HSMKEEP_PRINCIPALS)')
    .option('--storage <account>', 'account of the app’s own container: URL or connection string (HSMKEEP_STORAGE)')
    .option('--yes', 'with --remove: do not ask')
    .action(async (options: SetupOptions) => {
      requireOne(options);
      const { openFleet } = await import('../../admin/fleet.ts');
      const caller = await resolveCaller(options, io);
      const fleet = openFleet({ ...caller, principals: await principalsOf(options.identity, options, io) });
      if (options.armRestore !== undefined) return arm(fleet, options.armRestore, options, io);
      if (options.disarm !== undefined) return disarmNow(fleet, options.disarm, options, io);
      return options.remove ? removeAll(fleet, options, io) : setUp(fleet, options, io);
    });
  return withExamples(withCallerOptions(setup), [
    ['what is missing?', 'hsmkeep setup --config hsmkeep.json --identity backup=11112222-3333-4444-8555-666677778888'],
    ['do it, with what azd has put into the environment', 'eval "$(azd env get-values | sed s/^/export\\ /)" && hsmkeep setup --apply'],
    ['let a restore be carried out this afternoon', 'hsmkeep setup --arm-restore contoso-hsm --for 4h'],
    ['and end that early', 'hsmkeep setup --disarm contoso-hsm'],
  ]);
}

async function setUp(fleet: Fleet, options: SetupOptions, io: Io): Promise<void> {
  const { planFleet } = await import('../../admin/setup.ts');
  if (Object.keys(fleet.principals).length === 0)
    io.stderr.write('note: no identity is named, so no role is given. Name them with --identity or HSMKEEP_PRINCIPALS.\n');
  if (fleet.storage === undefined)
    io.stderr.write('note: the account of the app’s own containers is not named (--storage), so they are left out.\n');
  const now = io.now().toISOString();
  const { steps, notes } = await forPeople(() => planFleet(fleet, now, chosen(fleet, options.hsm)));
  for (const note of notes) io.stderr.write(`note: ${note}\n`);
  await finish(fleet, steps, options, io);
}

async function removeAll(fleet: Fleet, options: SetupOptions, io: Io): Promise<void> {
  const { planFleetRemoval } = await import('../../admin/setup.ts');
  const steps = await forPeople(() => planFleetRemoval(fleet, chosen(fleet, options.hsm)));
  if (steps.length > 0) {
    io.stderr.write(setupTable(steps, { ...io, stdout: io.stderr }));
    await confirm(io, 'Take all that away, so that hsmkeep can neither back up nor restore these HSMs', options.yes);
  }
  await finish(fleet, steps, { ...options, apply: true }, io);
}

/** Does the steps when that was asked for, one after the other, and shows them. */
async function finish(fleet: Fleet, steps: readonly FleetStep[], options: SetupOptions, io: Io): Promise<void> {
  const { applyStep } = await import('../../admin/setup.ts');
  const changes = steps.filter(({ change }) => change !== 'keep');
  const now = io.now().toISOString();
  if (options.apply) for (const step of changes) await forPeople(() => applyStep(fleet, step, now));
  print(io, options, { steps, changes: changes.length, applied: options.apply === true }, () => {
    if (changes.length === 0) return `${setupTable(steps, io)}\nNothing to do.\n`;
    const said = options.apply ? `Done: ${counted(changes.length, 'change')}.` : `${counted(changes.length, 'change')} to do: add --apply.`;
    return `${setupTable(steps, io)}\n${said}\n`;
  });
}

async function arm(fleet: Fleet, name: string, options: SetupOptions, io: Io): Promise<void> {
  const spanMs = options.for === undefined ? undefined : parseSpan(options.for);
  if (spanMs === undefined || spanMs > LONGEST_ARM_MS)
    throw new MisuseError('Say for how long the right is given.', 'Add --for with a span such as 30m or 4h, at most 24h.');
  const { armRestore } = await import('../../admin/arms.ts');
  const now = io.now().toISOString();
  const done = await forPeople(() => armRestore(fleet, find(fleet, name), now, later(now, spanMs)));
  print(
    io,
    options,
    done,
    ({ hsm, principalId, expiresAt }) =>
      `${principalId} may restore into ${hsm} until ${instant(expiresAt)}.\n` +
      `An HSM ends no right by itself: the next \`hsmkeep setup --apply\` takes it away, or now: hsmkeep setup --disarm ${hsm}\n` +
      'Until then `hsmkeep doctor` reports it once the time is over.\n',
  );
}

async function disarmNow(fleet: Fleet, name: string, options: SetupOptions, io: Io): Promise<void> {
  const { disarm } = await import('../../admin/arms.ts');
  const hsm = find(fleet, name);
  const steps = await forPeople(() => disarm(fleet, hsm, io.now().toISOString()));
  print(io, options, { steps }, () => (steps.length === 0 ? `Nobody had that right on ${hsm.name}.\n` : setupTable(steps, io)));
}

const chosen = (fleet: Fleet, names: readonly string[] | undefined): readonly ServedHsm[] =>
  names === undefined ? fleet.hsms : names.map((name) => find(fleet, name));

function find({ hsms }: Fleet, wanted: string): ServedHsm {
  const found = hsms.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (found) return found;
  throw new MisuseError(`No HSM named ${wanted} is configured.`, `Configured are: ${hsms.map(({ name }) => name).join(', ') || 'none'}.`);
}

function requireOne({ apply, remove, armRestore, disarm, for: span }: SetupOptions): void {
  const asked = [apply, remove, armRestore, disarm].filter((one) => one !== undefined);
  if (asked.length > 1)
    throw new MisuseError('That is more than one thing at once.', 'Give one of --apply, --remove, --arm-restore, --disarm.');
  if (span !== undefined && armRestore === undefined)
    throw new MisuseError('--for belongs to --arm-restore.', 'hsmkeep setup --help shows how.');
}
