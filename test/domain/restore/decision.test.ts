import { describe, expect, test } from 'vitest';
import { objectionTo } from '../../../src/domain/restore/decision.ts';
import { hashedText, isPlanId, scopeInWords } from '../../../src/domain/restore/plan.ts';
import { restoreState } from '../../../src/domain/restore/state.ts';
import { plan } from './builders.ts';

const bob = { oid: 'bob-oid', name: 'bob', roles: ['viewer', 'restore.approver'], appOnly: false };
const decision = { hash: plan().hash, by: bob, at: '2026-11-22T11:00:00.000Z', verdict: 'approved' as const };
const failed = { name: 'storage', status: 'failed', message: 'It holds no blob.' } as const;

describe('objectionTo', () => {
  test('has none to another person who names the hash in time', () => {
    expect(objectionTo(plan(), decision)).toBeUndefined();
  });

  test.each([
    ['an app', { by: { ...bob, appOnly: true } }, 403, 'no person behind it'],
    ['somebody without the role', { by: { ...bob, roles: ['viewer', 'administrator'] } }, 403, 'may not decide'],
    ['whoever asked for it', { by: { ...bob, oid: 'alice-oid' } }, 403, 'cannot approve it as well'],
    ['another hash', { hash: 'c'.repeat(64) }, 409, 'not that of the plan'],
    ['a word after the plan has expired', { at: '2026-11-22T14:00:00.001Z' }, 410, 'expired'],
  ])('objects to %s', (_what, change, status, words) => {
    expect(objectionTo(plan(), { ...decision, ...change })).toMatchObject({ status, message: expect.stringContaining(words) });
  });

  test('lets nobody approve what cannot be carried out, but anybody reject it', () => {
    const blocked = plan({ preflights: [failed] });
    expect(objectionTo(blocked, decision)).toMatchObject({ status: 409, hint: expect.stringContaining('plan anew') });
    expect(objectionTo(plan({ preflights: [{ ...failed, hint: 'Do this.' }] }), decision)).toMatchObject({ hint: 'Do this.' });
    expect(objectionTo(blocked, { ...decision, verdict: 'rejected' })).toBeUndefined();
  });
});

describe('hashedText', () => {
  test.each([
    ['another folder', { folder: 'mhsm-contoso-2026112102000000' }],
    ['another target', { target: 'contoso-new' }],
    ['another manifest', { manifestSha256: null }],
    ['another scope', { scope: { key: 'a' } }],
  ])('is another text for %s', (_what, change) => {
    expect(hashedText(plan(change))).not.toBe(hashedText(plan()));
  });

  test('is the same text whoever asks, and when', () => {
    expect(hashedText(plan({ requestedBy: { oid: 'x', name: 'x' }, plannedAt: 'later', preflights: [failed] }))).toBe(hashedText(plan()));
  });
});

test('only the id of a restore is the id of a plan', () => {
  expect(isPlanId(plan().id)).toBe(true);
  expect(isPlanId('backup-contoso-20261122T100000000Z')).toBe(false);
  expect(isPlanId('../locks/contoso')).toBe(false);
});

test('scopeInWords names the key', () => {
  expect([scopeInWords('full'), scopeInWords({ key: 'a' })]).toEqual(['the whole HSM', 'key a']);
});

describe('restoreState', () => {
  const [inTime, late] = ['2026-11-22T12:00:00.000Z', '2026-11-22T15:00:00.000Z'];
  const approved = { verdict: 'approved' } as const;

  test.each([
    ['nobody has decided', undefined, undefined, inTime, 'planned'],
    ['a run waits for the decision', undefined, { ended: false }, inTime, 'planned'],
    ['nobody has decided in time', undefined, { ended: true }, late, 'expired'],
    ['the waiting run was canceled', undefined, { ended: true }, inTime, 'done'],
    ['somebody has approved', approved, undefined, inTime, 'approved'],
    ['it was approved and not begun in time', approved, undefined, late, 'expired'],
    ['it runs, however long', approved, { ended: false }, late, 'executing'],
    ['it has run', approved, { ended: true }, late, 'done'],
    ['somebody has rejected', { verdict: 'rejected' } as const, { ended: true }, late, 'rejected'],
  ] as const)('when %s', (_what, verdict, run, now, state) => {
    expect(restoreState(plan(), verdict, run, now)).toBe(state);
  });
});
