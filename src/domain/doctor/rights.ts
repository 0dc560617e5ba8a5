import type { Duty } from '../duty.ts';
import { isOver } from '../rights/arm.ts';
import { isAllowed, missingRights, type Right } from '../rights/effective.ts';
import { restoreGrants, standingGrants } from '../rights/grants.ts';
import type { SetupInput } from '../rights/setup-plan.ts';
import { type Check, finding, ok, unknown } from './check.ts';

/** Duties that work on HSMs. */
const HSM_DUTIES = ['backup', 'restore'] as const satisfies readonly Duty[];

/** What only the restore duty may do, and nobody by night. */
const RESTORING: readonly Right[] = [
  { action: 'restore/start/action', scope: '/' },
  { action: 'keys/restore/action', scope: '/' },
];

/** What nobody needs who takes backups. */
const BEYOND_BACKUP: readonly Right[] = [
  ...RESTORING,
  { action: 'roleAssignments/write/action', scope: '/' },
  { action: 'keys/delete', scope: '/keys' },
  { action: 'securitydomain/download/action', scope: '/' },
];

/** Whether the identities of the duties may do on an HSM what they have to, and nothing beyond: one check for each right that is missing. */
export function checkRights(input: SetupInput): Check[] {
  return [...HSM_DUTIES.flatMap((duty) => dutyRights(input, duty)), ...separation(input), ...restoreRight(input)];
}

function dutyRights({ hsm, principals, roles, arm, now }: SetupInput, duty: 'backup' | 'restore'): Check[] {
  const what = { check: 'rights', subject: hsm.name } as const;
  const principal = principals[duty];
  if (principal === undefined)
    return [unknown(what, `the identity of the ${duty} duty is not named`, `Name its object id: --identity ${duty}=<object id>`)];

  const armed = duty === 'restore' && arm !== null && arm !== 'unknown' && !isOver(arm, now);
  const grants = [...standingGrants(hsm).filter((grant) => grant.duty === duty), ...(armed ? restoreGrants(hsm) : [])];
  const missing = distinct(missingRights(roles, principal, grants));
  if (missing.length === 0) return [ok(what, `${duty} has what it needs`)];
  return missing.map(({ action, scope }) =>
    finding(what, {
      message: `${duty} (${principal}) lacks ${action} at ${scope}`,
      hint:
        armed && RESTORING.some((right) => right.action === action)
          ? `hsmkeep setup --arm-restore ${hsm.name} --for 4h`
          : `hsmkeep setup --apply --hsm ${hsm.name} --identity ${duty}=${principal}`,
    }),
  );
}

function separation({ hsm, principals, roles }: SetupInput): Check[] {
  const what = { check: 'separation', subject: hsm.name } as const;
  const named = (['backup', 'rotate'] as const).flatMap((duty) => {
    const principal = principals[duty];
    return principal === undefined ? [] : [{ duty, principal }];
  });
  const excess = named.flatMap(({ duty, principal }) =>
    BEYOND_BACKUP.filter((right) => isAllowed(roles, principal, right)).map(({ action }) =>
      finding(what, {
        message: `${duty} (${principal}) may do ${action}, which it never needs`,
        hint: `Take the role away that allows it: hsmkeep role assignment list ${hsm.name} --principal ${principal}`,
      }),
    ),
  );
  if (excess.length > 0 || named.length === 0) return excess;
  return [ok(what, `${named.map(({ duty }) => duty).join(' and ')} can neither restore nor destroy`)];
}

function restoreRight({ hsm, principals, roles, arm, now }: SetupInput): Check[] {
  const what = { check: 'right to restore', subject: hsm.name } as const;
  const principal = principals.restore;
  if (principal === undefined) return [];
  if (standingGrants(hsm).some(({ role }) => role === 'restore')) return [ok(what, 'stands, because a schedule needs it')];

  if (arm === 'unknown')
    return [unknown(what, 'whether it was given for hours is not known', 'Name the account of the app’s own container with --storage.')];
  const mayRestore = RESTORING.some((right) => isAllowed(roles, principal, right));
  if (arm === null && mayRestore)
    return [
      finding(what, {
        message: `restore (${principal}) may restore, and nobody gave it the right for a time`,
        hint: `hsmkeep setup --disarm ${hsm.name}; a role that is not hsmkeep's: hsmkeep role assignment list ${hsm.name} --principal ${principal}`,
      }),
    ];
  if (arm === null) return [ok(what, 'nobody has it by night; setup --arm-restore gives it for hours')];
  if (!isOver(arm, now)) return [ok(what, `given until ${arm.expiresAt}`)];
  return [
    finding(what, {
      message: `it was given until ${arm.expiresAt}, and nobody has taken it away since`,
      hint: `hsmkeep setup --disarm ${hsm.name}`,
    }),
  ];
}

const distinct = (rights: readonly Right[]): Right[] =>
  rights.filter((one, index) => rights.findIndex((other) => other.action === one.action && other.scope === one.scope) === index);
