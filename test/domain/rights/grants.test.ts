import { describe, expect, test } from 'vitest';
import { isKnownAction } from '../../../src/domain/rights/data-actions.ts';
import { DUTY_ROLES, definitionOf, isAsMade, ROLE_KEYS, roleKeyOf } from '../../../src/domain/rights/duty-roles.ts';
import { missingRights } from '../../../src/domain/rights/effective.ts';
import { grantScopes, restoreGrants, servedHsms, standingGrants } from '../../../src/domain/rights/grants.ts';
import { assignment, BACKUP, RESTORE, served } from './builders.ts';

describe('the roles of duties', () => {
  test('allow only what an HSM knows, and are found by their ids', () => {
    const unknown = ROLE_KEYS.flatMap((key) => DUTY_ROLES[key].actions).filter((action) => !isKnownAction(action));
    expect(unknown).toEqual([]);
    expect(ROLE_KEYS.map((key) => roleKeyOf(DUTY_ROLES[key].id.toUpperCase()))).toEqual(ROLE_KEYS);
    expect(roleKeyOf('a290e904-7015-4bba-90c8-60543313cdb4')).toBeUndefined();
  });

  test('keep backup and restore apart: who may back up may not restore, use keys or change roles', () => {
    expect(DUTY_ROLES.backup.actions.filter((action) => /restore|write|create|delete$|crypt|keys.sign/.test(action))).toEqual([]);
    expect(DUTY_ROLES.restore.actions.every((action) => /restore/.test(action))).toBe(true);
  });

  test('are as made only when they allow no less and no more', () => {
    const made = definitionOf('restore');
    const [permission] = made.permissions;
    const dataActions = permission?.dataActions ?? [];
    const withActions = (actions: readonly string[], notDataActions: readonly string[] = []) => ({
      ...made,
      permissions: [{ dataActions: actions, notDataActions }],
    });
    expect(isAsMade(withActions(dataActions.toReversed()), 'restore')).toBe(true);
    expect(isAsMade(withActions(dataActions.slice(1)), 'restore')).toBe(false);
    expect(isAsMade(withActions(dataActions, dataActions.slice(1)), 'restore')).toBe(false);
    expect(isAsMade({ ...made, roleName: 'mine' }, 'restore')).toBe(false);
  });
});

describe('standingGrants', () => {
  const roles = (hsm: Parameters<typeof served>[0]) => standingGrants(served(hsm)).map(({ role, scope }) => `${role} ${scope}`);

  test('lets nobody restore into an HSM that is kept, unless backups are shown to it', () => {
    expect(roles({})).toEqual(['backup /', 'plan /']);
    expect(roles({ preRestore: true })).toEqual(['backup /', 'plan /', 'restore /']);
  });

  test('lets the restore duty restore into a drill HSM, and purge the canary key there', () => {
    expect(roles({ kind: 'drill', drilledKeys: ['canary'] })).toEqual(['backup /', 'plan /', 'restore /', 'drill /keys/canary']);
    expect(standingGrants(served({})).map(({ duty }) => duty)).toEqual(['backup', 'restore']);
  });
});

test('restoreGrants adds the right to give roles only where roles are to be repaired', () => {
  expect(restoreGrants(served({})).map(({ role }) => role)).toEqual(['restore']);
  expect(restoreGrants(served({ repairRoles: true })).map(({ role }) => role)).toEqual(['restore', 'repair']);
});

test('servedHsms tells which keys are drilled where', () => {
  const hsm = { preRestore: 'off', repairRoles: false };
  const config = {
    hsms: [
      { ...hsm, name: 'one', preRestore: 'nightly', drill: { into: 'Drill' } },
      { ...hsm, name: 'two', drill: { into: 'drill', canaryKey: 'mine' } },
      { ...hsm, name: 'three', drill: { into: 'drill' } },
    ],
    drillHsms: [{ ...hsm, name: 'drill' }],
  };
  expect(servedHsms(config, 'usual')).toEqual([
    served({ name: 'one', preRestore: true, canaryKey: 'usual' }),
    served({ name: 'two', canaryKey: 'mine' }),
    served({ name: 'three', canaryKey: 'usual' }),
    served({ name: 'drill', kind: 'drill', drilledKeys: ['usual', 'mine'] }),
  ]);
  expect(servedHsms({ hsms: [] }, 'usual')).toEqual([]);
});

test('grantScopes names the keys whose assignments no list of the HSM shows', () => {
  expect(grantScopes(served({ canaryKey: 'a', drilledKeys: ['a', 'b'] }))).toEqual(['/', '/keys/a', '/keys/b']);
  expect(grantScopes(served({}))).toEqual(['/']);
});

describe('missingRights', () => {
  const definitions = [
    definitionOf('backup'),
    { ...definitionOf('plan'), permissions: [{ dataActions: ['*'], notDataActions: ['*/keys/*'] }] },
  ];
  const grants = standingGrants(served({}));
  const backup = grants.filter(({ duty }) => duty === 'backup');
  const plan = grants.filter(({ duty }) => duty === 'restore');

  test('is empty for an identity that has the role, in whatever letter case', () => {
    const roles = { definitions, assignments: [assignment({ role: 'backup', principalId: BACKUP.toUpperCase() })] };
    expect(missingRights(roles, BACKUP, backup)).toEqual([]);
  });

  test('names exactly what a role does not allow', () => {
    const roles = { definitions, assignments: [assignment({ role: 'plan', principalId: RESTORE })] };
    expect(missingRights(roles, RESTORE, plan).map(({ action }) => action)).toEqual(['keys/read/action', 'keys/deletedKeys/read/action']);
  });

  test('counts an assignment at its scope and below only', () => {
    const at = (scope: string) => ({ definitions, assignments: [assignment({ role: 'backup', principalId: BACKUP, scope })] });
    expect(missingRights(at('/keys/A'), BACKUP, [{ duty: 'backup', role: 'backup', scope: '/keys/a' }])).toEqual([]);
    expect(missingRights(at('/keys'), BACKUP, [{ duty: 'backup', role: 'backup', scope: '/keys/a' }])).toEqual([]);
    expect(missingRights(at('/keys'), BACKUP, backup)).toHaveLength(DUTY_ROLES.backup.actions.length);
    expect(missingRights({ definitions: [], assignments: at('/').assignments }, BACKUP, backup)).toHaveLength(6);
  });
});
