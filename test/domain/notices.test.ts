import { describe, expect, test } from 'vitest';
import { auditEvents, auditedEnd, auditLine } from '../../src/domain/audit.ts';
import { addressed, attempted, isGivenUp, noticeOf, overdueNotice, queuedFor, rotatedNotice } from '../../src/domain/notices.ts';
import type { Run, Step } from '../../src/domain/run.ts';

const AT = '2026-01-01T00:00:00.000Z';
const END = '2026-01-01T00:00:07.500Z';
const step = (name: string, changes: Partial<Step> = {}): Step => ({ name, status: 'Completed', startedAt: AT, endedAt: END, ...changes });
const run = (changes: Partial<Run> = {}): Run => ({
  schema: 'hsmkeep.run/1',
  id: 'rotation-kv.db-1',
  kind: 'rotation',
  subject: 'kv.db',
  status: 'Completed',
  startedAt: AT,
  endedAt: END,
  steps: [step('Lock')],
  ...changes,
});
const failed = run({ status: 'Failed', steps: [step('Lock'), step('Apply', { status: 'Failed', message: 'No.', hint: 'Mend it.' })] });

describe('noticeOf', () => {
  test.each([
    ['Failed', null, 'failed'],
    ['Degraded', 'Completed', 'degraded'],
    ['Completed', 'Failed', 'recovered'],
    ['Completed', 'Degraded', 'recovered'],
    ['Completed', 'Completed', undefined],
    ['Completed', null, undefined],
    ['Canceled', 'Failed', undefined],
  ] as const)('%s after %s is %s', (status, before, on) => {
    expect(noticeOf(run({ status }), before)?.on).toBe(on);
  });

  test('says what happened and what to do; good news need neither', () => {
    expect(noticeOf(failed, null)?.body).toMatchObject({
      id: 'rotation-kv.db-1.failed',
      at: END,
      text: 'rotation of kv.db: Failed\nNo.\nWhat to do: Mend it.\nRun rotation-kv.db-1',
      run: { message: 'No.', hint: 'Mend it.' },
    });
    const unexplained = run({ status: 'Degraded', endedAt: null, steps: [step('Lock', { status: 'Degraded', message: 'Hm.' })] });
    expect(noticeOf(unexplained, null)?.body).toMatchObject({
      at: AT,
      text: expect.not.stringContaining('What to do'),
      run: { hint: null },
    });
    const good = run({ steps: [step('Lock', { message: 'nothing to do' })] });
    expect(noticeOf(good, 'Failed')?.body).toMatchObject({ text: expect.stringMatching(/well again\nRun/), run: { message: null } });
  });
});

describe('rotatedNotice', () => {
  const result = { secret: 'kv/db', version: 'v2', rotationId: 'r', graceUntil: END };

  test('tells consumers what they may read, and until when the old one works', () => {
    expect(rotatedNotice(run({ result }))).toMatchObject({
      id: 'v2.rotated',
      text: `kv/db has a new version; the old one works until ${END}\nRun rotation-kv.db-1`,
      secret: { ref: 'kv/db', version: 'v2', rotationId: 'r', graceUntil: END },
    });
    const bare = rotatedNotice(run({ endedAt: null, result: { secret: 'kv/db', version: 'v2' } }));
    expect(bare).toMatchObject({ at: AT, text: 'kv/db has a new version\nRun rotation-kv.db-1', secret: { graceUntil: null } });
  });

  test.each([undefined, { secret: 'kv/db', version: 2 }, { version: 'v2' }])('tells nothing of %j', (nothing) => {
    expect(rotatedNotice(run(nothing && { result: nothing }))).toBeNull();
  });
});

test('an overdue HSM is told with its age, under one id a day', () => {
  expect(overdueNotice('hsm', 30.7, END)).toMatchObject({ id: 'hsm.2026-01-01.overdue', text: expect.stringContaining('30 hours old') });
  expect(overdueNotice('hsm', null, END).text).toContain('it has none');
});

describe('a queued notice', () => {
  const body = overdueNotice('hsm', null, AT);

  test('goes to those who want to hear of it', () => {
    const endpoints = [
      { name: 'ops', on: ['failed', 'overdue'] },
      { name: 'chat', on: ['failed'] },
    ] as const;
    expect(addressed(endpoints, 'overdue', body).map(({ endpoint }) => endpoint)).toEqual(['ops']);
  });

  test('is sent again at growing distances, and put aside after three days', () => {
    const waits: number[] = [];
    let notice = queuedFor('ops', body);
    for (let n = 0; n < 7; n += 1) {
      notice = attempted(notice, AT);
      waits.push((Date.parse(notice.nextAt) - Date.parse(AT)) / 60_000);
    }
    expect(waits).toEqual([1, 4, 16, 64, 256, 360, 360]);
    expect([isGivenUp(notice, '2026-01-03T23:59:59.999Z'), isGivenUp(notice, '2026-01-04T00:00:00.000Z')]).toEqual([false, true]);
  });
});

describe('the audit trail of a run', () => {
  test('has a line for each step and one for the end, under steady ids', () => {
    const events = auditEvents({ ...failed, result: { secret: 'kv/db' } }, '1.2.3');
    expect(events.map(({ id, step: name, outcome }) => [id, name, outcome])).toEqual([
      ['rotation-kv.db-1/0', 'Lock', 'Completed'],
      ['rotation-kv.db-1/1', 'Apply', 'Failed'],
      ['rotation-kv.db-1/end', null, 'Failed'],
    ]);
    expect(events[1]).toMatchObject({ at: END, message: 'No.', software: '1.2.3' });
    expect(events[2]?.result).toEqual({ secret: 'kv/db' });
    expect(auditLine(events[0] as (typeof events)[0])).toMatch(/^audit \{"schema":"hsmkeep.audit\/1"/);
  });

  test('says on every line whom and what it was about, and with a failure its code', () => {
    const about = { secret: 'kv/db', by: { kind: 'person', oid: 'o', name: 'alice' }, policyHash: 'h' };
    const steps = [step('Apply', { status: 'Failed', failure: { kind: 'denied', code: 'ForbiddenByRbac' } })];
    const events = auditEvents(run({ status: 'Failed', steps, result: { ...about, version: 'v2' } }), '1');
    expect(events.map((event) => event.about)).toEqual([about, about]);
    expect(events[0]?.failure).toEqual({ kind: 'denied', code: 'ForbiddenByRbac' });
    expect(auditEvents(run({ result: { folder: 'f' } }), '1')[0]).not.toHaveProperty('about');
  });

  test('is read back for the ends of runs', () => {
    const [aboutStep, aboutEnd] = auditEvents(run(), '1').map((event) => JSON.stringify(event));
    expect(auditedEnd(aboutEnd ?? '')).toEqual({
      run: 'rotation-kv.db-1',
      kind: 'rotation',
      subject: 'kv.db',
      outcome: 'Completed',
      at: END,
    });
    expect(auditedEnd(aboutStep ?? '')).toBe('step');
    for (const line of ['{"schema":"other","run":"r","step":null}', '{"schema":', 'null', '7']) expect(auditedEnd(line)).toBe('unreadable');
  });

  test('of a run without an end has its beginning for a time', () => {
    const open = run({ endedAt: null, steps: [step('Lock', { endedAt: null })] });
    expect(auditEvents(open, '1').map(({ at }) => at)).toEqual([AT, AT]);
  });
});
