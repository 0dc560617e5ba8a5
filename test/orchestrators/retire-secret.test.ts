import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/activities/define-activity.ts';
import type { RetireOldSecretInput } from '../../src/activities/retire-old-secret.ts';
import type { Run } from '../../src/domain/run.ts';
import type { Orchestrator } from '../../src/orchestrators/durable.ts';
import { retireSecret } from '../../src/orchestrators/retire-secret.ts';
import { playOrchestrator } from '../support/play-orchestrator.ts';

const ID = 'rotation-kv.db-20261122T100000000Z';
const BEGAN = '2026-11-22T10:00:00.000Z';
const retired = { done: true, next: { step: 'rest', reason: 'not-due', until: null }, base: 'v1', rotationId: 'r1', escrow: 'e1' };

/** Plays the end of a rotation; `answers` are what the step Retire says, one after the other, and then it has nothing more to say. */
function play(...answers: (object | Outcome<unknown>)[]) {
  const asked: RetireOldSecretInput[] = [];
  const answer = (name: string, input: unknown): Outcome<unknown> => {
    if (name === 'acquireLock') return { value: { status: 'acquired' } };
    if (name === 'auditRun') return { value: { notices: false } };
    if (name !== 'retireOldSecret') return { value: null };
    const given = answers[asked.length] ?? { refused: { message: 'asked too often', hint: 'x' } };
    asked.push(input as RetireOldSecretInput);
    return 'refused' in given ? (given as Outcome<unknown>) : { value: { ...retired, ...given } };
  };
  const by = { kind: 'sweep', id: 's' };
  const { called, output } = playOrchestrator(retireSecret as unknown as Orchestrator<never>, { vault: 'kv', name: 'db', by }, ID, {
    answer,
  });
  const { result, status } = output as Run;
  const { steps } = output as Run;
  return { called, status, result, steps, told: result?.['retired'], onlyAsked: asked.map(({ onlyAsk = false }) => onlyAsk) };
}

describe('the end of an old credential', () => {
  test('is told with what the target says of it', () => {
    const { called, status, told, onlyAsked } = play({ oldCredential: 'refused' });
    expect(told).toEqual({ rotationId: 'r1', base: 'v1', at: BEGAN, oldCredential: 'refused' });
    expect({ status, onlyAsked }).toEqual({ status: 'Completed', onlyAsked: [false] });
    expect(called).toContain('closeSecret');
  });

  test('is asked after again while the target still accepts it, and ended once', () => {
    const { told, onlyAsked } = play({ oldCredential: 'accepted' }, { oldCredential: 'accepted' }, { oldCredential: 'refused' });
    expect(told).toEqual({ rotationId: 'r1', base: 'v1', at: BEGAN, oldCredential: 'refused' });
    expect(onlyAsked).toEqual([false, true, true]);
  });

  test.each([
    ['still accepts it', [{ oldCredential: 'accepted' }, { oldCredential: 'accepted' }]],
    ['cannot be asked any more', [{ refused: { message: 'No.', hint: 'x' } }, { refused: { message: 'No.', hint: 'x' } }]],
    ['is not asked, as there is nothing to retire any more', [{ done: false }, { done: false }]],
  ])('is over all the same when the target %s', (_what, later) => {
    const { called, status, told, onlyAsked } = play({ oldCredential: 'accepted' }, ...later);
    expect(told).toMatchObject({ at: BEGAN, oldCredential: 'accepted' });
    expect({ status, asked: onlyAsked.length }).toEqual({ status: 'Completed', asked: 3 });
    expect(called).toContain('closeSecret');
  });

  const usedBy = [
    { application: 'orders-api', sessions: 2 },
    { application: '', sessions: 1 },
  ];

  test('waits while it is still used, and who uses it is told', () => {
    const next = { step: 'rest', reason: 'still-used', until: '2026-11-29T10:00:00.000Z' };
    const { called, status, result, steps } = play({ done: false, next, usedBy });
    expect(result).toMatchObject({ outcome: 'still-used', until: next.until, usedBy });
    expect(status).toBe('Completed');
    expect(steps.at(-1)?.message).toBe('it is still used, by orders-api (2 sessions), somebody without a name (1 session)');
    expect(called).not.toContain('closeSecret');
  });

  test('comes in spite of those who still use it when they had their time, and is told to be in trouble', () => {
    const { called, status, result, steps } = play({ oldCredential: 'refused', usedBy });
    expect(result).toMatchObject({ outcome: 'retired', usedBy });
    expect(status).toBe('Degraded');
    expect(steps.map(({ message }) => message).join()).toContain('ended while it was still used, by orders-api (2 sessions)');
    expect(called).toContain('closeSecret');
  });

  test('is not asked after again when it is not ours to end', () => {
    const left = { message: 'somebody else made it', hint: 'x' };
    const { status, onlyAsked } = play({ oldCredential: 'accepted', left });
    expect({ status, onlyAsked }).toEqual({ status: 'Degraded', onlyAsked: [false] });
  });
});
