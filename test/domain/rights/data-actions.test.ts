import { describe, expect, test } from 'vitest';
import { fullAction, isKnownAction, shortAction } from '../../../src/domain/rights/data-actions.ts';
import { administrationRefused } from '../../../src/domain/rights/problems.ts';
import { roleGuid } from '../../../src/domain/rights/roles.ts';

describe('data actions', () => {
  test('are written with and without their prefix, which is added once', () => {
    const full = 'Microsoft.KeyVault/managedHsm/backup/start/action';
    expect([fullAction('backup/start/action'), fullAction(full)]).toEqual([full, full]);
    expect([shortAction(full), shortAction(full.toLowerCase()), shortAction('rng/action')]).toEqual([
      'backup/start/action',
      'backup/start/action',
      'rng/action',
    ]);
  });

  test('are known in any letter case; a pattern is not looked up', () => {
    expect(['keys/CREATE', fullAction('keys/deletedKeys/delete'), 'keys/*'].map(isKnownAction)).toEqual([true, true, true]);
    expect(isKnownAction('keys/deletedKeys/delete/action')).toBe(false);
  });
});

test('roleGuid takes the last part of a path, in lower case', () => {
  expect(['Microsoft.KeyVault/x/roleDefinitions/AB', 'AB'].map(roleGuid)).toEqual(['ab', 'ab']);
});

describe('administrationRefused', () => {
  const refused = (kind: 'forbidden' | 'unauthorised' | 'invalid' | 'conflict', code: string, detail = '') =>
    administrationRefused('contoso-hsm', 'change a setting', { kind, code, detail });

  test('names the right that a person lacks, and who may grant it', () => {
    const right = refused('forbidden', 'AccessDenied', 'Not authorized to access Microsoft.KeyVault/managedHsm/rng/action on /');
    expect(right.message).toBe('contoso-hsm refused to change a setting: you lack a right (rng/action).');
    expect(right.hint).toContain('hsmkeep role assignment set contoso-hsm --role "Managed HSM Administrator"');
    expect(refused('forbidden', 'Forbidden').message).toBe('contoso-hsm refused to change a setting: you lack a right.');
  });

  test('says that settings are for administrators only', () => {
    const { message } = refused('forbidden', 'AccessDenied', 'Microsoft.KeyVault/managedHsm/settings/read/action on /');
    expect(message).toContain('Only the role Managed HSM Administrator');
  });

  test('tells a bad token from bad input', () => {
    expect(refused('unauthorised', 'Unauthorized', 'AKV10032').hint).toContain('az login');
    expect(refused('invalid', 'InvalidSetting').message).toBe('contoso-hsm knows no setting of that name.');
    expect(refused('invalid', 'BadParameter', 'must be a GUID').message).toContain('BadParameter: must be a GUID');
    expect(refused('conflict', '409', 'busy').message).toContain('would not change a setting');
  });
});
