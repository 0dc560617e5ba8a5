import type { Duty } from '../duty.ts';
import type { RoleKey } from './duty-roles.ts';

/** A role that the identity of a duty is to have. `scope` is `/` or `/keys/<name>`. */
export type Grant = Readonly<{ duty: Duty; role: RoleKey; scope: string }>;

type DrillOf = Readonly<{ into: string; mode?: string; canaryKey?: string }>;

/** An HSM as its rights see it. */
export type ServedHsm = Readonly<{
  name: string;
  /** `kept`: it is backed up. `drill`: it is there for drills only. */
  kind: 'kept' | 'drill';
  /** The restore duty shows it backups by schedule. */
  preRestore: boolean;
  repairRoles: boolean;
  /** The key that drills of it use; null when it is not drilled. */
  canaryKey: string | null;
  /** Canary keys of the drills that go into it. */
  drilledKeys: readonly string[];
}>;

type HsmOf = Readonly<{ name: string; preRestore: string; repairRoles: boolean; drill?: DrillOf }>;

/** Every HSM that the configuration names, with what is done there. */
export function servedHsms(
  { hsms, drillHsms = [] }: Readonly<{ hsms: readonly HsmOf[]; drillHsms?: readonly HsmOf[] }>,
  defaultCanaryKey: string,
): ServedHsm[] {
  const keyOf = ({ canaryKey }: DrillOf): string => canaryKey ?? defaultCanaryKey;
  const drilledKeys = (name: string): string[] => [
    ...new Set(hsms.flatMap(({ drill }) => (drill && drill.into.toLowerCase() === name.toLowerCase() ? [keyOf(drill)] : []))),
  ];
  const served =
    (kind: ServedHsm['kind']) =>
    (hsm: HsmOf): ServedHsm => ({
      name: hsm.name,
      kind,
      preRestore: hsm.preRestore !== 'off',
      repairRoles: hsm.repairRoles,
      canaryKey: hsm.drill ? keyOf(hsm.drill) : null,
      drilledKeys: drilledKeys(hsm.name),
    });
  return [...hsms.map(served('kept')), ...drillHsms.map(served('drill'))];
}

/**
 * What the duties need on an HSM by day and night. The right to restore stands only where a schedule needs it: on drill HSMs, and where
 * backups are shown to the HSM; elsewhere it is given for hours.
 */
export function standingGrants({ kind, preRestore, drilledKeys }: ServedHsm): Grant[] {
  return [
    at('/', 'backup'),
    at('/', 'plan'),
    ...(kind === 'drill' || preRestore ? [at('/', 'restore')] : []),
    ...drilledKeys.map((key) => at(`/keys/${key}`, 'drill')),
  ];
}

/** What a restore needs beside that. */
export const restoreGrants = ({ repairRoles }: ServedHsm): Grant[] => [at('/', 'restore'), ...(repairRoles ? [at('/', 'repair')] : [])];

const at = (scope: string, role: RoleKey): Grant => ({ duty: role === 'backup' ? 'backup' : 'restore', role, scope });

/** Scopes of an HSM whose assignments have to be read: the list of an HSM leaves out those of single keys. */
export const grantScopes = ({ canaryKey, drilledKeys }: ServedHsm): string[] => [
  '/',
  ...[...new Set([...(canaryKey === null ? [] : [canaryKey]), ...drilledKeys])].map((key) => `/keys/${key}`),
];
