import type { HsmContent, RoleAssignmentItem } from './content.ts';
import { assignmentName, diffContent, type RestoreDiff, roleName, roleNames, touched, withoutUncertain } from './diff.ts';

/**
 * What became of a restore whose answer was lost, told by what the HSM holds.
 *
 * - `restored`: it holds what the backup holds.
 * - `untouched`: it holds what it held before.
 * - `neither`: something else.
 * - `unknown`: its keys, then or now, could not be read.
 */
export type Evidence = 'restored' | 'untouched' | 'neither' | 'unknown';

/** @param contents `uncertain`: items of the backup whose state in it is not known. */
export function evidenceOf(
  contents: Readonly<{ before: HsmContent; backup: HsmContent; uncertain: readonly string[]; now: HsmContent }>,
): Evidence {
  const { before, backup, uncertain, now } = contents;
  if ([before, backup, now].some(({ keys }) => keys === 'unreadable')) return 'unknown';
  if (isRestored(withoutUncertain(diffContent(now, backup), uncertain))) return 'restored';
  return isRestored(diffContent(now, before)) ? 'untouched' : 'neither';
}

/** Whether nothing of what a backup certainly holds is left to do, as far as can be read: whether deleted keys and settings are in it is not documented. */
export const isRestored = ({ keys, roleDefinitions, roleAssignments }: RestoreDiff): boolean =>
  touched(keys) + touched(roleDefinitions) + touched(roleAssignments) === 0;

/** `plans/<id>.outcome.json`: the target after a restore, beside the backup and beside what it held before. */
export type RestoreOutcome = Readonly<{
  schema: 'hsmkeep.restore-outcome/1';
  plan: string;
  at: string;
  /** What another restore of the same backup would still do; empty lists when the target holds what the backup holds. */
  remaining: RestoreDiff;
  /** Role assignments that the target had before and lacks now. */
  lostAssignments: readonly LostAssignment[];
}>;

/** `command` gives the assignment again. */
export type LostAssignment = Readonly<{ name: string; assignment: RoleAssignmentItem; command: string }>;

/** The role assignments that a restore took away; none when they could not be read before or after. */
export function lostAssignments(hsm: string, before: HsmContent, now: HsmContent): LostAssignment[] {
  if (before.roleAssignments === 'unreadable' || now.roleAssignments === 'unreadable') return [];
  const roles = roleNames(before, now);
  const left = new Set(now.roleAssignments.map((assignment) => assignmentName(assignment, roles)));
  return before.roleAssignments
    .map((assignment) => ({ name: assignmentName(assignment, roles), assignment, command: assignCommand(hsm, assignment, roles) }))
    .filter(({ name }) => !left.has(name));
}

const assignCommand = (hsm: string, { principalId, roleDefinitionId, scope }: RoleAssignmentItem, roles: ReadonlyMap<string, string>) =>
  grantCommand(hsm, roleName(roleDefinitionId, roles), principalId, scope);

/** What an HSM administrator types to give a role. `az` takes a role's name or its id. */
export const grantCommand = (hsm: string, role: string, principalId: string, scope = '/'): string =>
  `az keyvault role assignment create --hsm-name ${hsm} --role "${role}" --scope ${scope} --assignee-object-id ${principalId}`;

/**
 * Reads how many key versions a selective restore brought back. It also succeeds when it brought back none.
 *
 * @param detail `Number of successful key versions restored: 2, Number of key versions could not overwrite: 0`
 * @returns undefined when the text says something else.
 */
export function restoredVersions(detail: string): Readonly<{ restored: number; kept: number }> | undefined {
  const [, restored, kept] = /restored: (\d+), .*could not overwrite: (\d+)/i.exec(detail) ?? [];
  return restored === undefined || kept === undefined ? undefined : { restored: Number(restored), kept: Number(kept) };
}
