import { Command, Option } from 'commander';
import type { CheckName } from '../../domain/doctor/check.ts';
import { type CallerOptions, resolveCaller, withCallerOptions } from '../caller.ts';
import { MisuseError } from '../errors.ts';
import { EXIT } from '../io.ts';
import { checkTable } from '../output/check-views.ts';
import { principalsOf } from '../principals.ts';
import { type CommandContext, print, withExamples } from './command.ts';

type DoctorOptions = CallerOptions & Readonly<{ hsm?: string[]; check?: CheckName[]; identity?: string[] }>;

const CHECKS: readonly CheckName[] = [
  'versions',
  'clock',
  'reachable',
  'rights',
  'separation',
  'right to restore',
  'pre-backup check',
  'soft delete',
  'purge protection',
  'canary',
  'container',
  'escrow',
  'near-expiry events',
  'target',
];

/** `hsmkeep doctor`: is everything set up as it has to be? Reads only; runs as whoever typed it. */
export function doctorCommand({ io, exit }: CommandContext): Command {
  const doctor = new Command('doctor')
    .description('look at every HSM, vault, container and target, and say what is wrong and what to do; changes nothing')
    .option('--hsm <name...>', 'look at these HSMs only')
    .addOption(new Option('--check <name...>', 'make these checks only').choices([...CHECKS]))
    .option('--identity <duty=id...>', 'object ids of the identities, such as backup=1111… (HSMKEEP_PRINCIPALS)')
    .option('--storage <account>', 'account of the app’s own container: URL or connection string (HSMKEEP_STORAGE)')
    .action(async (options: DoctorOptions) => {
      const [{ openFleet }, { examine }] = await Promise.all([import('../../admin/fleet.ts'), import('../../admin/doctor/doctor.ts')]);
      const caller = await resolveCaller(options, io);
      const fleet = openFleet({ ...caller, principals: await principalsOf(options.identity, options, io) });
      const hsms = options.hsm?.map((wanted) => nameOf(fleet.hsms, wanted));
      const checks = await examine(fleet, { only: options.check, hsms, now: () => io.now() });
      const findings = checks.filter(({ status }) => status === 'finding');
      print(io, options, { checks, findings: findings.length }, (shown) => checkTable(shown.checks, io));
      exit(findings.length === 0 ? EXIT.done : EXIT.failed);
    });
  return withExamples(withCallerOptions(doctor), [
    ['is everything as it has to be?', 'hsmkeep doctor --config hsmkeep.json --storage https://contoso.blob.core.windows.net'],
    ['what is wrong, for a program', `hsmkeep doctor --json | jq '.checks[] | select(.status == "finding")'`],
    ['who may do too little or too much?', 'hsmkeep doctor --hsm contoso-hsm --check rights separation "right to restore"'],
  ]);
}

function nameOf(hsms: readonly Readonly<{ name: string }>[], wanted: string): string {
  const found = hsms.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (found) return found.name;
  throw new MisuseError(`No HSM named ${wanted} is configured.`, `Configured are: ${hsms.map(({ name }) => name).join(', ') || 'none'}.`);
}
