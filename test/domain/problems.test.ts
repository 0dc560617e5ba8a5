import { describe, expect, test } from 'vitest';
import * as problems from '../../src/domain/problems.ts';
import { hasNoCureInTime } from '../../src/domain/problems.ts';
import { redact } from '../../src/domain/redact.ts';

const refusal = (kind: problems.Refusal['kind'], detail = 'd', code = 'C'): problems.Refusal => ({ kind, code, detail });

describe('hsmRefused', () => {
  test.each([
    ['backup/start/action', 'Managed HSM Backup User'],
    ['restore/start/action', 'Managed HSM Restore User'],
    ['keys/restore/action', 'Managed HSM Restore User'],
    ['settings/read/action', 'Managed HSM Administrator'],
    ['keys/read/action', 'Managed HSM Crypto Auditor'],
  ])('a missing right %s names the command that grants it', (action, role) => {
    const { message, hint } = problems.hsmRefused(
      'contoso',
      'start a backup',
      refusal('forbidden', `Not authorized to access Microsoft.KeyVault/managedHsm/${action} on /`),
    );
    expect(message).toContain(action);
    expect(hint).toContain(`--hsm-name contoso --role "${role}"`);
  });

  test('a refusal without an action still names a role', () => {
    expect(problems.hsmRefused('contoso', 'start', refusal('forbidden', 'no')).hint).toContain('az keyvault role assignment create');
  });

  test.each(['unauthorised', 'throttled', 'invalid', 'missing', 'conflict'] as const)('%s says what happened and what to do', (kind) => {
    const { message, hint } = problems.hsmRefused('contoso', 'start a backup', refusal(kind));
    expect(message).toContain('contoso');
    expect(hint).not.toBe('');
  });
});

describe('storageRefused', () => {
  test.each([
    ['missing', 'does not exist'],
    ['forbidden', 'refused access'],
    ['unauthorised', 'refused access'],
    ['invalid', 'refused a request'],
  ] as const)('%s: %s', (kind, words) => {
    const { message, hint } = problems.storageRefused('https://s/c', refusal(kind));
    expect(message).toContain(words);
    expect(message).toContain('https://s/c');
    expect(hint).not.toBe('');
  });
});

describe('jobFailed', () => {
  test("a storage code points at the HSM's own access to the container", () => {
    expect(problems.jobFailed('a', 'backup', 'AuthorizationFailure', 'This request is not authorized', 'https://s/c').hint).toContain(
      "HSM's own identity",
    );
  });

  test('any other code is told as it is', () => {
    expect(problems.jobFailed('a', 'backup', 'InternalError', 'InternalError', 'https://s/c')).toMatchObject({
      message: 'The backup on a failed (InternalError).',
    });
    expect(problems.jobFailed('a', 'backup', 'InternalError', '', 'https://s/c').message).toBe('The backup on a failed (InternalError).');
  });
});

test('only a refusal that may be due to the backup’s youth has a cure in time', () => {
  expect(['BackupTooRecent', 'Failed', 'InternalError'].map(hasNoCureInTime)).toEqual([false, false, false]);
  expect(['AuthorizationFailure', 'ContainerNotFound', 'SecurityDomainMismatch', 'InvalidBackup'].map(hasNoCureInTime)).toEqual(
    Array(4).fill(true),
  );
});

test('every other problem says what happened and what to do', () => {
  const all = [
    problems.busyTooLong('a', 90),
    problems.lockTooLong('a', { owner: 'backup-a-20261122T0200Z', step: 'backup' }),
    problems.lockTooLong('a', undefined),
    problems.answerLost('a'),
    problems.noFolder('a'),
    problems.neverSettled('mhsm-a-2026112202000000'),
    problems.notAnswered('Storage', '503'),
    problems.checkLost('a'),
    problems.unreadableInventory(['keys'], 'a'),
  ];
  for (const { message, hint } of all) {
    expect(message).toMatch(/\.$/);
    expect(hint).toMatch(/[.>]$/);
  }
});

describe('redact', () => {
  test('removes tokens, signatures and markup', () => {
    const text = redact(
      'PUT https://s.blob.core.windows.net/c?sv=2025&sig=abc%2F failed <Error><Code>X</Code></Error> with Bearer ey.x.y and AccountKey=k==;',
    );
    expect(text).not.toMatch(/abc|ey\.x|k==|<Code>/);
    expect(text).toContain('https://s.blob.core.windows.net/c?[redacted] failed');
  });

  test('keeps one line of bounded length', () => {
    expect(redact('a\n b')).toBe('a b');
    expect(redact('x'.repeat(1000))).toHaveLength(300);
  });
});
