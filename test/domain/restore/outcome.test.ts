import { describe, expect, test } from 'vitest';
import { attemptState } from '../../../src/domain/restore/attempt.ts';
import { UNREADABLE_CONTENT } from '../../../src/domain/restore/content.ts';
import { diffContent } from '../../../src/domain/restore/diff.ts';
import { evidenceOf, isRestored, lostAssignments, restoredVersions } from '../../../src/domain/restore/outcome.ts';
import { attemptPath, beforePath, breakGlassPath, decisionPath, outcomePath, planPath } from '../../../src/domain/restore/plan.ts';
import * as problems from '../../../src/domain/restore/problems.ts';
import { daysAfter, safetyPath } from '../../../src/domain/restore/safety.ts';
import { assignment, content, key, plan, role } from './builders.ts';

describe('evidenceOf', () => {
  const before = content({ keys: [key('new', '1')] });
  const backup = content({ keys: [key('old', '1')] });
  const judge = (now: typeof before, uncertain: readonly string[] = []) => evidenceOf({ before, backup, uncertain, now });

  test('the backup’s content is a restore that went through', () => {
    expect(judge(backup)).toBe('restored');
  });

  test('what was there before is an HSM that was not touched', () => {
    expect(judge(before)).toBe('untouched');
  });

  test('anything else is neither', () => {
    expect(judge(content({ keys: [key('old', '1'), key('new', '1')] }))).toBe('neither');
    expect(judge(content({ keys: [key('old', '1')], roleAssignments: [assignment('p')] }))).toBe('neither');
  });

  test('a key whose state in the backup is not known does not count', () => {
    expect(judge(content({ keys: [key('old', '1'), key('busy', '2')] }), ['keys/busy'])).toBe('restored');
  });

  test('nothing can be told of what cannot be read', () => {
    expect(judge(UNREADABLE_CONTENT)).toBe('unknown');
    expect(evidenceOf({ before, backup: UNREADABLE_CONTENT, uncertain: [], now: before })).toBe('unknown');
  });
});

test('deleted keys and settings do not decide whether an HSM is restored', () => {
  const now = content({ deletedKeys: [{ name: 'a' }], settings: [{ name: 's', value: '1' }] });
  expect(isRestored(diffContent(now, content()))).toBe(true);
});

describe('lostAssignments', () => {
  const before = content({
    roleDefinitions: [role('r1', 'Managed HSM Crypto User')],
    roleAssignments: [assignment('p1'), assignment('p2', 'r1', '/keys')],
  });

  test('names what is gone, with the command that gives it again', () => {
    expect(lostAssignments('contoso', before, content({ roleAssignments: [assignment('p1')] }))).toMatchObject([
      {
        name: 'Managed HSM Crypto User for p2 at /keys',
        command:
          'az keyvault role assignment create --hsm-name contoso --role "Managed HSM Crypto User" --scope /keys --assignee-object-id p2',
      },
    ]);
  });

  test('is nothing where assignments cannot be read', () => {
    expect(lostAssignments('contoso', before, UNREADABLE_CONTENT)).toEqual([]);
    expect(lostAssignments('contoso', UNREADABLE_CONTENT, before)).toEqual([]);
  });
});

test('restoredVersions reads the counts out of the service’s words', () => {
  const detail = 'Number of successful key versions restored: 2, Number of key versions could not overwrite: 1';
  expect(restoredVersions(detail)).toEqual({ restored: 2, kept: 1 });
  expect(restoredVersions('')).toBeUndefined();
});

describe('attemptState', () => {
  const job = { kind: 'restore', jobId: 'j', resume: '{}' } as const;
  const known = (attempt: number, of: typeof job | null = null) => ({ schema: 'hsmkeep.restore-attempt/1', attempt, job: of }) as const;

  test('a request may be sent when it never was, or the one before was not taken', () => {
    expect(attemptState(undefined, 1)).toEqual({ status: 'not-sent' });
    expect(attemptState(known(1), 2)).toEqual({ status: 'not-sent' });
    expect(attemptState(known(0), 1)).toEqual({ status: 'not-sent' });
  });

  test('one that was sent is not sent again', () => {
    expect(attemptState(known(1), 1)).toEqual({ status: 'sent' });
    expect(attemptState(known(1, job), 1)).toEqual({ status: 'started', job });
  });
});

describe('problems', () => {
  const elsewhere = plan({ target: 'spare' });
  const lost = Array.from({ length: 7 }, (_, index) => ({
    name: `role ${index}`,
    assignment: assignment(`p${index}`),
    command: `az give ${index}`,
  }));

  test('say what happened and what to do', () => {
    const all = [
      problems.planChanged(plan(), ['keys/a/1']),
      problems.planChanged(elsewhere, ['keys/a/1']),
      problems.planRejected('bob', null),
      problems.planRejected('bob', 'not now'),
      problems.noSafetyBackup('contoso', 'no container.'),
      problems.restoreFailed(plan(), { message: 'It failed.', hint: 'Look.' }, 'mhsm-contoso-2026112209000000'),
      problems.accessLost(plan(), 'me'),
      problems.accessLost(elsewhere, null),
      problems.cannotCompare('contoso', null),
      problems.answerLostFoundRestored('contoso'),
      problems.outcomeUnknown(plan(), 'me'),
      problems.outcomeUnknown(elsewhere, null),
      problems.neitherState(plan(), 'mhsm-contoso-2026112209000000'),
      problems.announcedTooOften('restore-contoso-20261122T100000000Z'),
      problems.neverFree(plan(), 90),
      problems.neverFree(elsewhere, 90),
      problems.neverStarted('contoso', 3),
      problems.nothingRestored('a', 'restored: 0'),
      problems.differencesLeft(plan(), ['keys/a/1 is missing']),
      problems.assignmentsLost(plan(), lost.slice(0, 1), 1),
    ];
    for (const { message, hint } of all) {
      expect(message).toMatch(/\.$|: no container\.$/);
      expect(hint).toMatch(/\w/);
    }
  });

  test('name a few of many, and where the rest is', () => {
    const { message, hint } = problems.assignmentsLost(plan(), lost, 7);
    expect(message).toContain('(7): role 0, role 1, role 2, role 3, role 4 and 2 more.');
    expect(hint.split('\n')).toHaveLength(7);
    expect(hint).toContain(`hsmkeep restore show ${plan().id}`);
  });

  test('name the target where it is not the source', () => {
    expect(problems.planChanged(elsewhere, ['x']).hint).toContain('hsmkeep restore plan contoso --target spare');
  });
});

test('every document of a plan has a place of its own', () => {
  const paths = [
    planPath('x'),
    decisionPath('x'),
    beforePath('x'),
    attemptPath('x'),
    outcomePath('x'),
    breakGlassPath('x'),
    safetyPath('x'),
  ];
  expect(new Set(paths).size).toBe(paths.length);
});

test('daysAfter counts whole days', () => {
  expect(daysAfter('2026-11-22T10:00:00.000Z', 30)).toBe('2026-12-22T10:00:00.000Z');
});
