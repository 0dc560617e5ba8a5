import type { HsmSetting } from '../../clients/hsm-administration.ts';
import { shortAction } from '../../domain/rights/data-actions.ts';
import type { RoleAssignment, RoleDefinition } from '../../domain/rights/roles.ts';
import type { Io } from '../io.ts';
import { styleFor } from './style.ts';
import { facts, table } from './table.ts';

/** An assignment with the name of its role. */
export type NamedAssignment = RoleAssignment & Readonly<{ roleName: string }>;

export function definitionTable(roles: readonly RoleDefinition[], { stdout, env }: Io): string {
  return table<RoleDefinition>(
    [
      { header: 'ROLE', text: ({ roleName }) => roleName },
      { header: 'KIND', text: ({ kind }) => kind },
      { header: 'ACTIONS', text: ({ permissions }) => String(permissions.flatMap((one) => one.dataActions).length), align: 'right' },
      { header: 'ID', text: ({ id }) => id },
    ],
    roles,
    styleFor(stdout, env).dim,
  );
}

export function definitionPage({ id, roleName, kind, description, permissions }: RoleDefinition, { stdout, env }: Io): string {
  const lines = permissions.flatMap(({ dataActions, notDataActions }) => [
    ...dataActions.map((action) => `  + ${shortAction(action)}`),
    ...notDataActions.map((action) => `  - ${shortAction(action)}`),
  ]);
  const head: [string, string][] = [
    ['role', roleName],
    ['id', id],
    ['kind', kind],
    ...(description ? [['description', description] as [string, string]] : []),
  ];
  return `${facts(head, styleFor(stdout, env).dim)}data actions\n${lines.map((line) => `${line}\n`).join('')}`;
}

export function assignmentTable(assignments: readonly NamedAssignment[], { stdout, env }: Io): string {
  return table<NamedAssignment>(
    [
      { header: 'PRINCIPAL', text: ({ principalId }) => principalId },
      { header: 'ROLE', text: ({ roleName }) => roleName },
      { header: 'SCOPE', text: ({ scope }) => scope },
      { header: 'ID', text: ({ id }) => id },
    ],
    assignments,
    styleFor(stdout, env).dim,
  );
}

export function settingTable(settings: readonly HsmSetting[], { stdout, env }: Io): string {
  return table<HsmSetting>(
    [
      { header: 'SETTING', text: ({ name }) => name },
      { header: 'VALUE', text: ({ value }) => String(value) },
    ],
    settings,
    styleFor(stdout, env).dim,
  );
}
