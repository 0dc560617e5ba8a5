import type { Duty } from '../duty.ts';
import { fullAction } from './data-actions.ts';
import type { RoleDefinition } from './roles.ts';

/** The custom roles that `hsmkeep setup` makes on an HSM. */
export type RoleKey = 'backup' | 'plan' | 'restore' | 'repair' | 'drill' | 'canary';

/**
 * `id` is the same on every HSM and for ever: a backup carries its role definitions into the HSM that it is restored into.
 * `duty` is whose right it is; the canary is made by whoever runs `setup`.
 */
export type DutyRole = Readonly<{ id: string; roleName: string; description: string; duty: Duty | null; actions: readonly string[] }>;

const READING = ['keys/read/action', 'keys/deletedKeys/read/action', 'roleDefinitions/read/action', 'roleAssignments/read/action'];

/** What each role allows: the least that the code behind it asks for. */
export const DUTY_ROLES: Readonly<Record<RoleKey, DutyRole>> = {
  backup: {
    id: '5ef8d6d8-2bf7-478c-91c3-ea1bf814a99c',
    roleName: 'hsmkeep backup',
    description: 'Takes backups of the whole HSM, and lists what they hold.',
    duty: 'backup',
    actions: ['backup/start/action', 'backup/status/action', ...READING],
  },
  plan: {
    id: '15191cb8-90ca-42c2-81ca-c99707da2e96',
    roleName: 'hsmkeep restore planning',
    description: 'Lists what the HSM holds, to show what a restore would destroy.',
    duty: 'restore',
    actions: READING,
  },
  restore: {
    id: '58b8a53b-330d-40a6-aba8-79b9237bfa24',
    roleName: 'hsmkeep restore',
    description: 'Shows the HSM a backup, and restores it: replaces everything that the HSM holds.',
    duty: 'restore',
    actions: ['restore/start/action', 'restore/status/action', 'keys/restore/action'],
  },
  repair: {
    id: '20014fbd-7945-4bfa-bce6-0742ce6f4efb',
    roleName: 'hsmkeep role repair',
    description: 'Gives roles again that a restore took away. Who has it can give itself any role.',
    duty: 'restore',
    actions: ['roleAssignments/write/action'],
  },
  drill: {
    id: 'fe88c923-ce50-4950-9ac0-80d03b2c4ab0',
    roleName: 'hsmkeep drill',
    description: 'Purges the canary key of a drill HSM before a drill, and uses it afterwards.',
    duty: 'restore',
    actions: [
      'keys/read/action',
      'keys/delete',
      'keys/deletedKeys/read/action',
      'keys/deletedKeys/delete',
      'keys/decrypt/action',
      'keys/verify/action',
    ],
  },
  canary: {
    id: '00228afb-80ed-42db-b38a-6febf2762b9f',
    roleName: 'hsmkeep canary',
    description: 'Makes the canary key and signs with it; given for the minutes of a setup only.',
    duty: null,
    actions: ['keys/create', 'keys/read/action', 'keys/sign/action'],
  },
};

export const ROLE_KEYS = Object.keys(DUTY_ROLES) as readonly RoleKey[];

/** A role as it is made on an HSM. */
export function definitionOf(key: RoleKey): RoleDefinition {
  const { id, roleName, description, actions } = DUTY_ROLES[key];
  return { id, roleName, description, kind: 'custom', permissions: [{ dataActions: actions.map(fullAction), notDataActions: [] }] };
}

/** The role that this id means; undefined for one that is not ours. */
export const roleKeyOf = (id: string): RoleKey | undefined => ROLE_KEYS.find((key) => DUTY_ROLES[key].id === id.toLowerCase());

/** Whether a role allows what it should: no less, and no more. */
export function isAsMade(found: RoleDefinition, key: RoleKey): boolean {
  const actions = (role: RoleDefinition) =>
    role.permissions.flatMap(({ dataActions, notDataActions }) => [...dataActions, ...notDataActions.map((one) => `not ${one}`)]);
  const wanted = definitionOf(key);
  return found.roleName === wanted.roleName && actions(found).toSorted().join() === actions(wanted).toSorted().join();
}
