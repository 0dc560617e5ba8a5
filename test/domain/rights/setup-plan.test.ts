import { describe, expect, test } from 'vitest';
import { type Arm, armPath, isOver } from '../../../src/domain/rights/arm.ts';
import { definitionOf } from '../../../src/domain/rights/duty-roles.ts';
import { planRemoval, planSetup, type SetupInput, type SetupStep } from '../../../src/domain/rights/setup-plan.ts';
import { assignment, BACKUP, RESTORE, served } from './builders.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const arm: Arm = {
  schema: 'hsmkeep.arm/1',
  hsm: 'contoso-hsm',
  principalId: RESTORE,
  by: null,
  armedAt: NOW,
  expiresAt: '2026-11-22T14:00:00.000Z',
};

const plan = (input: Partial<SetupInput> = {}): string[] =>
  planSetup({
    hsm: served({}),
    principals: { backup: BACKUP, restore: RESTORE },
    roles: { definitions: [], assignments: [] },
    arm: null,
    now: NOW,
    ...input,
  }).map(described);

const described = (step: SetupStep): string =>
  step.what === 'role'
    ? `${step.change} ${step.role}`
    : `${step.change} ${step.role} to ${step.principalId === BACKUP ? 'backup' : 'restore'} at ${step.scope}`;

const done = {
  definitions: [definitionOf('backup'), definitionOf('plan')],
  assignments: [assignment({ role: 'backup', principalId: BACKUP }), assignment({ role: 'plan', principalId: RESTORE })],
};

describe('planSetup', () => {
  test('makes the roles that are used and gives them', () => {
    expect(plan()).toEqual(['make backup', 'make plan', 'give backup to backup at /', 'give plan to restore at /']);
  });

  test('finds nothing to do where all is as it should be', () => {
    expect(plan({ roles: done })).toEqual(['keep backup', 'keep plan', 'keep backup to backup at /', 'keep plan to restore at /']);
  });

  test('leaves out duties whose identity is not known, and takes nothing that may be theirs', () => {
    expect(plan({ principals: { backup: BACKUP } })).toEqual(['make backup', 'give backup to backup at /']);
    expect(plan({ principals: { backup: BACKUP }, roles: done })).toEqual(['keep backup', 'keep backup to backup at /']);
  });

  test('mends a role of ours that somebody changed', () => {
    const changed = { ...definitionOf('backup'), permissions: [] };
    expect(plan({ roles: { ...done, definitions: [changed, definitionOf('plan')] } })[0]).toBe('mend backup');
  });

  test('takes a role of ours from everybody it is not meant for, and lets others be', () => {
    const strange = [
      assignment({ role: 'restore', principalId: RESTORE }),
      assignment({ role: 'canary', principalId: BACKUP, scope: '/keys/canary' }),
      { ...assignment({ role: 'backup', principalId: RESTORE }), role: '7b127d3c-77bd-4e3e-bbe0-dbb8971fa7f8' },
    ];
    expect(plan({ roles: { ...done, assignments: [...done.assignments, ...strange] } }).filter((step) => step.startsWith('take'))).toEqual([
      'take restore to restore at /',
      'take canary to backup at /keys/canary',
    ]);
  });

  test('keeps the right to restore for as long as it was given', () => {
    const restoring = { ...done, assignments: [...done.assignments, assignment({ role: 'restore', principalId: RESTORE })] };
    expect(plan({ roles: restoring, arm })).toContain('keep restore to restore at /');
    expect(plan({ roles: restoring, arm, now: arm.expiresAt })).toContain('take restore to restore at /');
    expect(plan({ roles: restoring, arm: 'unknown' }).filter((step) => step.includes('restore to restore'))).toEqual([]);
    const repairing = { ...restoring, assignments: [...restoring.assignments, assignment({ role: 'repair', principalId: RESTORE })] };
    expect(plan({ roles: repairing, arm: 'unknown' }).filter((step) => step.includes('repair'))).toEqual([]);
  });

  test('gives once what stands and was also given for hours', () => {
    const steps = plan({ hsm: served({ preRestore: true }), arm });
    expect(steps.filter((step) => step.includes('give restore'))).toEqual(['give restore to restore at /']);
  });
});

test('planRemoval takes all that is ours, the assignments first', () => {
  const foreign = { ...definitionOf('backup'), id: 'a290e904-7015-4bba-90c8-60543313cdb4' };
  const other = { ...assignment({ role: 'backup', principalId: BACKUP }), role: foreign.id };
  const roles = { definitions: [foreign, ...done.definitions], assignments: [other, ...done.assignments] };
  expect(planRemoval('contoso-hsm', roles).map(described)).toEqual([
    'take backup to backup at /',
    'take plan to restore at /',
    'remove backup',
    'remove plan',
  ]);
});

test('an arm is over at its time', () => {
  expect([isOver(arm, NOW), isOver(arm, arm.expiresAt)]).toEqual([false, true]);
  expect(armPath('contoso-hsm')).toBe('arms/contoso-hsm.json');
});
