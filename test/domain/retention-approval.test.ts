import { describe, expect, test } from 'vitest';
import {
  approvalExpiresAt,
  approveHint,
  isInForce,
  objectionToApproval,
  type RetentionApproval,
  retentionApprovalPath,
} from '../../src/domain/retention-approval.ts';

const AT = '2026-11-22T10:00:00.000Z';
const approval: RetentionApproval = {
  schema: 'hsmkeep.retention-approval/1',
  hsm: 'a',
  planHash: 'h1',
  ids: ['b1'],
  by: { oid: 'o', name: 'root' },
  at: AT,
  expiresAt: approvalExpiresAt(AT),
  note: null,
  usedBy: null,
};
const brake = { guard: 'brake', message: 'Too many.', hint: 'Approve.', planHash: 'h1' } as const;

describe('isInForce', () => {
  test('until eight days are over', () => {
    expect(approval.expiresAt).toBe('2026-11-30T10:00:00.000Z');
    expect([approval.expiresAt, '2026-11-30T10:00:00.001Z'].map((now) => isInForce(approval, now))).toEqual([true, false]);
    expect(isInForce({ ...approval, expiresAt: 'soon' }, AT)).toBe(false);
  });

  test('until a run has used it up', () => {
    expect(isInForce({ ...approval, usedBy: 'backup-a-20261123T0200Z' }, AT)).toBe(false);
  });
});

describe('objectionToApproval', () => {
  test('there is none to the hash of the plan that the brake stopped', () => {
    expect(objectionToApproval('a', brake, 'h1', false)).toBeUndefined();
  });

  test('a stale hash is told the current one', () => {
    expect(objectionToApproval('a', brake, 'h0', false)).toMatchObject({ status: 409, message: expect.stringContaining('its hash is h1') });
  });

  test('there must be something to approve', () => {
    expect(objectionToApproval('a', null, 'h1', false)).toMatchObject({
      status: 409,
      message: 'Nothing waits for an approval.',
      hint: expect.stringContaining('retention preview a'),
    });
    const clock = { guard: 'clock-skew', message: 'The clocks differ.', hint: 'Mend them.' } as const;
    expect(objectionToApproval('a', clock, 'h1', false)).toEqual({
      status: 409,
      message: 'Nothing waits for an approval: The clocks differ.',
      hint: 'Mend them.',
    });
  });

  test('it takes a person', () => {
    expect(objectionToApproval('a', brake, 'h1', true)?.status).toBe(403);
  });
});

test('there is one approval for each HSM, under its name', () => {
  expect(retentionApprovalPath('a')).toBe('approvals/retention-a.json');
});

test('the hint has the command to type', () => {
  expect(approveHint('a', 'h1')).toContain('hsmkeep retention approve a --hash h1;');
});
