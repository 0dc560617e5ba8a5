import { describe, expect, test } from 'vitest';
import { canaryPlan, fullPlan } from '../../../src/domain/drill/plan.ts';
import {
  backupDamaged,
  canaryFailed,
  drillFailed,
  noCanary,
  noDrillConfigured,
  nothingToDrill,
} from '../../../src/domain/drill/problems.ts';
import type { RestoreFindings } from '../../../src/domain/restore/plan.ts';
import { neitherState } from '../../../src/domain/restore/problems.ts';

const none = { vanish: [], comeBack: [], change: [] };

describe('a drill that fails', () => {
  const told = (good: Parameters<typeof drillFailed>[3]) =>
    drillFailed('Restore', { message: 'It broke.', hint: 'Mend it.' }, 'contoso', good);

  test('names the stage, and the newest good backup with how that is known', () => {
    expect(told({ folder: 'f', proof: 'L2', checked: true })).toEqual({
      message: 'The drill failed at the stage "Restore": It broke.',
      hint: 'The newest good backup is f (L2, every byte of it was read and is as recorded). Mend it.',
    });
    expect(told({ folder: 'f', proof: 'L1', checked: false }).hint).toContain('by its record; its bytes were not read again');
  });

  test('says so when there is none, or nobody could look', () => {
    expect(told(undefined).hint).toContain('No other backup of contoso is good: take one now (hsmkeep backup now contoso).');
    expect(told(null).hint).toContain('could not be found out');
  });
});

test('every other trouble says what to do', () => {
  expect(nothingToDrill('contoso', null).hint).toContain('hsmkeep backup now contoso');
  expect(nothingToDrill('contoso', 'f').message).toContain('no recorded backup f of contoso');
  expect(noDrillConfigured('contoso').hint).toContain('drillHsms');
  expect(noCanary('contoso', 'f', 'k').hint).toContain('hsmkeep setup --apply');
  expect(backupDamaged('f', 'blob a is missing').message).toBe('f is damaged: blob a is missing.');
  expect(canaryFailed('drill', 'k', { decrypts: false, verifies: false }).message).toContain(
    'does not decrypt the known ciphertext and does not verify the known signature',
  );
  expect(canaryFailed('drill', 'k', { decrypts: true, verifies: false }).message).toContain('drill, does not verify the known signature.');
  expect(canaryFailed('drill', 'k', { decrypts: false, verifies: true }).message).toContain(
    'drill, does not decrypt the known ciphertext.',
  );
});

test('what is told of a restore leads to the run, where a drill did it', () => {
  const facts = { source: 'contoso', target: 'drill', folder: 'f' };
  expect(neitherState({ ...facts, id: 'drill-contoso-20261122T0600Z' }, 's').hint).toContain(
    'hsmkeep run show drill-contoso-20261122T0600Z',
  );
  expect(neitherState({ ...facts, id: 'restore-contoso-20261122T0600Z' }, 's').hint).toContain('hsmkeep restore show restore-contoso-');
});

describe('the plan of a drill', () => {
  const facts = { source: 'contoso', target: 'drill', folder: 'f' };
  const findings = (diff: Partial<RestoreFindings['diff']>) =>
    fullPlan({
      ...facts,
      diff: { keys: none, deletedKeys: none, roleDefinitions: none, roleAssignments: none, settings: none, ...diff },
      preflights: [],
    } as unknown as RestoreFindings);

  test('of the canary names that key alone', () => {
    expect(canaryPlan({ ...facts, canaryKey: 'k' })).toMatchObject({
      mode: 'canary',
      copied: ['keys/k'],
      destroyed: ['keys/k'],
      rearm: [],
    });
  });

  test('of everything names what is copied, what goes, and who loses a role', () => {
    const plan = findings({
      keys: { ...none, comeBack: ['a/1'], vanish: ['b/1'] },
      roleAssignments: { ...none, vanish: ['User for p at /'] },
    });
    expect(plan).toMatchObject({
      mode: 'full',
      copied: ['keys/a/1'],
      destroyed: ['keys/b/1', 'roleAssignments/User for p at /'],
      rearm: ['User for p at /'],
    });
  });

  test('says what could not be read', () => {
    expect(findings({ keys: 'unreadable', roleAssignments: 'unreadable' })).toMatchObject({
      copied: ['keys: unreadable', 'roleAssignments: unreadable'],
      rearm: ['unreadable'],
    });
  });
});
