import { describe, expect, test } from 'vitest';
import { usersInWords } from '../../../src/domain/rotation/credential-users.ts';
import * as problems from '../../../src/domain/rotation/problems.ts';

/** Words of the service that repeat a value. */
const SENT = 'could not take correct horse';

describe('what is told of a refusing vault', () => {
  test.each([
    [{ kind: 'forbidden', code: 'Forbidden', detail: SENT, inner: 'ForbiddenByFirewall' }, 'firewall'],
    [{ kind: 'forbidden', code: 'Forbidden', detail: SENT, inner: 'ForbiddenByRbac' }, 'ForbiddenByRbac'],
    [{ kind: 'forbidden', code: 'Forbidden', detail: SENT }, 'lacks a right (Forbidden)'],
    [{ kind: 'unauthorised', code: 'Unauthorized', detail: SENT }, 'token'],
    [{ kind: 'conflict', code: 'Conflict', detail: SENT, inner: 'ObjectIsDeletedButRecoverable' }, 'ObjectIsDeletedButRecoverable'],
    [{ kind: 'conflict', code: 'Conflict', detail: SENT }, 'Conflict'],
    [{ kind: 'invalid', code: 'BadParameter', detail: SENT }, 'BadParameter'],
  ])('%o tells %s and what to do', (refusal, told) => {
    const { message, hint, failure } = problems.vaultRefused('kv', 'read a secret', refusal);
    expect(failure).toEqual({
      kind: /bidden|auth/.test(refusal.kind) ? 'denied' : 'parked',
      code: 'inner' in refusal ? refusal.inner : refusal.code,
    });
    expect(message).toContain(told);
    expect(hint).toMatch(/\w{3}/);
    expect(message + hint).not.toContain('horse');
  });
});

test('every other problem names the secret and says what to do', () => {
  const told = [
    problems.secretDisabled('kv', 'db'),
    problems.tooManyAttempts('kv', 'db', 5),
    problems.badTags('kv', 'db', ['a', 'b']),
    problems.notAccepted('kv', 'db'),
    problems.notAnswering('kv', 'db', 'TimedOut'),
    problems.refusedByTarget('kv', 'db', { kind: 'denied', code: '28P01' }, 'Mend it.'),
    problems.refusedStart('kv', 'db', 'its grace lasts', '2026-11-30T00:00:00.000Z'),
    problems.refusedStart('kv', 'db', 'it is not managed', null),
    problems.secretGone('kv', 'db'),
    problems.endedInUse('kv', 'db', usersInWords([{ application: 'orders-api', sessions: 1 }])),
  ];
  for (const { message, hint, failure } of told) {
    expect(failure?.code).toMatch(/^\w+$/);
    expect(message).toContain('kv/db');
    expect(hint.length).toBeGreaterThan(10);
  }
  const parts = [
    problems.unknownProvider('x', ['a']),
    problems.targetNotAllowed('kv', 't'),
    problems.tooLongValidity(90, 60),
    problems.usersNotTold('y'),
  ];
  expect(parts.join('; ')).toMatch(/x.*a.*kv.*90.*60.*y/);
});

test('who uses a credential is told by name and number, also who has no name', () => {
  const users = [
    { application: 'orders-api', sessions: 2 },
    { application: '', sessions: 1 },
  ];
  expect(usersInWords(users)).toBe('orders-api (2 sessions), somebody without a name (1 session)');
});
