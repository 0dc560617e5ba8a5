import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/domain/doctor/check.ts';
import { checkClock, checkVersions } from '../../../src/domain/doctor/machine.ts';
import { checkProtection } from '../../../src/domain/doctor/protection.ts';
import { checkRights } from '../../../src/domain/doctor/rights.ts';
import { checkEscrowReaders, checkVaultRights, readersOf } from '../../../src/domain/doctor/vault-rights.ts';
import type { Arm } from '../../../src/domain/rights/arm.ts';
import { definitionOf, ROLE_KEYS } from '../../../src/domain/rights/duty-roles.ts';
import type { SetupInput } from '../../../src/domain/rights/setup-plan.ts';
import { assignment, BACKUP, RESTORE, served } from '../rights/builders.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const told = ({ check, status }: Check) => `${check}: ${status}`;

describe('checkRights', () => {
  const definitions = ROLE_KEYS.map(definitionOf);
  const held = [assignment({ role: 'backup', principalId: BACKUP }), assignment({ role: 'plan', principalId: RESTORE })];
  const restoring = assignment({ role: 'restore', principalId: RESTORE });
  const arm: Arm = {
    schema: 'hsmkeep.arm/1',
    hsm: 'contoso-hsm',
    principalId: RESTORE,
    by: null,
    armedAt: NOW,
    expiresAt: '2026-11-22T14:00:00.000Z',
  };
  const checked = (input: Partial<SetupInput> & { assignments?: SetupInput['roles']['assignments'] } = {}) =>
    checkRights({
      hsm: served({}),
      principals: { backup: BACKUP, restore: RESTORE },
      roles: { definitions, assignments: input.assignments ?? held },
      arm: null,
      now: NOW,
      ...input,
    });

  test('finds nothing where each duty has what it needs and no more', () => {
    expect(checked().map(told)).toEqual(['rights: ok', 'rights: ok', 'separation: ok', 'right to restore: ok']);
  });

  test('cannot tell of duties whose identity is not named', () => {
    expect(checked({ principals: {} }).map(told)).toEqual(['rights: unknown', 'rights: unknown']);
    expect(checked({ principals: { rotate: BACKUP }, assignments: [] }).map(told)).toContain('separation: ok');
  });

  test('names each right that is missing once, with what gives it', () => {
    const drill = served({ kind: 'drill', drilledKeys: ['canary'] });
    const missing = checked({ hsm: drill, assignments: [...held, restoring] }).filter(({ status }) => status === 'finding');
    expect(missing.map(({ message }) => message)).toEqual([
      `restore (${RESTORE}) lacks keys/delete at /keys/canary`,
      `restore (${RESTORE}) lacks keys/deletedKeys/delete at /keys/canary`,
      `restore (${RESTORE}) lacks keys/decrypt/action at /keys/canary`,
      `restore (${RESTORE}) lacks keys/verify/action at /keys/canary`,
    ]);
    expect(missing[0]?.hint).toBe(`hsmkeep setup --apply --hsm contoso-hsm --identity restore=${RESTORE}`);
    const none = checked({ hsm: drill, assignments: [held[0] as never] }).filter(({ message }) => message.includes('keys/read/action'));
    expect(none.map(({ message }) => message)).toEqual([
      `restore (${RESTORE}) lacks keys/read/action at /`,
      `restore (${RESTORE}) lacks keys/read/action at /keys/canary`,
    ]);
  });

  test('wants the right to restore while it is given, and says how it is given', () => {
    const missing = checked({ arm }).filter(({ status }) => status === 'finding');
    expect(missing.map(({ hint }) => hint)).toContain('hsmkeep setup --arm-restore contoso-hsm --for 4h');
    expect(checked({ arm, assignments: [...held, restoring] }).map(told)).toEqual(checked().map(told));
    const planless = checked({ arm, assignments: [restoring] }).filter(({ message }) => message.startsWith('restore'));
    expect(planless[0]?.hint).toContain('setup --apply');
  });

  test('reports a right to restore whose time is over, or that nobody gave', () => {
    const assignments = [...held, restoring];
    const last = (input: Partial<SetupInput>) => checked({ assignments, ...input }).at(-1);
    expect(last({ arm, now: arm.expiresAt })).toMatchObject({ status: 'finding', hint: 'hsmkeep setup --disarm contoso-hsm' });
    expect(last({})).toMatchObject({ status: 'finding', message: expect.stringContaining('nobody gave it') });
    expect(last({ arm: 'unknown' })).toMatchObject({ status: 'unknown', hint: expect.stringContaining('--storage') });
    expect(last({ hsm: served({ preRestore: true }) })).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('a schedule needs it'),
    });
  });

  test('reports who takes backups and may do more', () => {
    const both = [...held, assignment({ role: 'restore', principalId: BACKUP }), assignment({ role: 'repair', principalId: BACKUP })];
    const excess = checked({ assignments: both }).filter(({ check }) => check === 'separation');
    expect(excess.map(({ message }) => message)).toEqual([
      `backup (${BACKUP}) may do restore/start/action, which it never needs`,
      `backup (${BACKUP}) may do keys/restore/action, which it never needs`,
      `backup (${BACKUP}) may do roleAssignments/write/action, which it never needs`,
    ]);
  });
});

describe('checkVersions', () => {
  test.each([
    ['24.1.0', NOW, 'ok'],
    ['22.15.0', '2027-04-30T23:59:59.000Z', 'ok'],
    ['22.15.0', '2027-05-01T00:00:00.000Z', 'finding'],
    ['23.0.0', NOW, 'finding'],
  ])('Node %s at %s is %s', (node, now, status) => {
    expect(checkVersions(node, '0.1.0', now)).toMatchObject({ status, message: expect.stringContaining(node) });
  });

  test('says until when, or that there is none', () => {
    expect(checkVersions('22.1.0', '0.1.0', '2028-01-01T00:00:00.000Z').message).toContain('supported until 2027-04-30');
    expect(checkVersions('', '0.1.0', NOW).message).toContain('do not offer');
  });
});

test('checkClock forgives two minutes either way', () => {
  expect([120_000, -120_000].map((skew) => checkClock('hsm', skew).status)).toEqual(['ok', 'ok']);
  expect([121_000, -121_000].map((skew) => checkClock('hsm', skew).message)).toEqual([
    "its clock is 121 s ahead of this machine's",
    "its clock is 121 s behind this machine's",
  ]);
});

describe('checkProtection', () => {
  const of = (recoveryLevel: string, days: number | null, mayPurge = false) =>
    checkProtection('hsm', { recoveryLevel, days }, mayPurge).map(told);

  test.each([
    ['Recoverable', 90, ['soft delete: ok', 'purge protection: ok']],
    ['Recoverable+Purgeable', null, ['soft delete: ok', 'purge protection: finding']],
    ['CustomizedRecoverable', 29, ['soft delete: finding', 'purge protection: ok']],
    ['Purgeable', 0, ['soft delete: finding', 'purge protection: finding']],
  ] as const)('%s for %s days', (level, days, expected) => {
    expect(of(level, days)).toEqual(expected);
  });

  test('wants none on an HSM whose canary is purged before each drill', () => {
    expect(of('Recoverable', 90, true)).toEqual(['soft delete: ok', 'purge protection: finding']);
    expect(of('CustomizedRecoverable+Purgeable', 7, true)).toEqual(['soft delete: ok', 'purge protection: ok']);
  });

  test('cannot tell by nothing', () => {
    expect(checkProtection('hsm', null, false).map(told)).toEqual(['soft delete: unknown', 'purge protection: unknown']);
  });
});

describe('who may what in a vault', () => {
  const secrets = (...actions: string[]) => [
    { dataActions: actions.map((one) => `Microsoft.KeyVault/vaults/secrets/${one}`), notDataActions: [] },
  ];
  const ROTATING = secrets('readMetadata/action', 'getSecret/action', 'setSecret/action', 'update/action');
  const holder = (principalId: string, permissions = ROTATING) => ({ principalId, permissions });
  const roles = (...holders: ReturnType<typeof holder>[]) => ({ id: '/vaults/kv', holders });

  test('readersOf names everybody once who can read values, by whatever role', () => {
    const found = readersOf(roles(holder('B'), holder('a', secrets('*')), holder('a'), holder('c', secrets('readMetadata/action'))));
    expect(found).toEqual(['a', 'b']);
  });

  test('checkVaultRights names each right that rotations lack', () => {
    expect(checkVaultRights('kv', roles(holder('R')), 'r').map(told)).toEqual(['rights: ok']);
    const missing = checkVaultRights('kv', roles(holder('r', secrets('getSecret/action', 'readMetadata/action')), holder('other')), 'r');
    expect(missing.map(({ message }) => message)).toEqual([
      'rotate (r) lacks secrets/setSecret/action',
      'rotate (r) lacks secrets/update/action',
    ]);
    expect(missing[0]?.hint).toContain('--assignee-object-id r --assignee-principal-type ServicePrincipal --scope /vaults/kv');
  });

  test('checkEscrowReaders wants the rotator alone, or one reader when it is not named', () => {
    const checked = (rotator: string | undefined, ...holders: string[]) =>
      checkEscrowReaders('kv', 'escrow', roles(...holders.map((one) => holder(one))), rotator);
    expect(checked('r', 'R')).toMatchObject({ status: 'ok', message: 'r alone may read escrow' });
    expect(checked('r')).toMatchObject({ status: 'ok', message: 'nobody may read escrow' });
    expect(checked('r', 'r', 'x')).toMatchObject({ status: 'finding', message: 'escrow can be read by x, who do not rotate' });
    expect(checked(undefined, 'x')).toMatchObject({ status: 'ok' });
    expect(checked(undefined, 'x', 'y')).toMatchObject({ status: 'finding', message: 'escrow can be read by x, y' });
  });
});
