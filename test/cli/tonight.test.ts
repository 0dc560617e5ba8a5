import { describe, expect, test } from 'vitest';
import { apiClient } from '../../src/cli/api/client.ts';
import { fixedToken } from '../../src/cli/api/token.ts';
import { nightReport, verdict } from '../../src/cli/dev/report.ts';
import { dateIn, type HsmNight, spendTheNight } from '../../src/cli/dev/tonight.ts';
import type { Run } from '../../src/domain/run.ts';
import type { BackupView, Problem } from '../../src/domain/views.ts';
import { type Answer, backupView, hsmView, NOW, run, serve, step } from './support.ts';

const PROOF_BY = { backup: 'L1', 'pre-restore': 'L2', drill: 'L3c' } as const;

/** An API over HSMs with these newest proven backups; a backup reaches L1, a pre-restore L2, a drill L3c, unless `outcome` says otherwise. */
async function serveHsms(
  hsms: Record<string, BackupView | null>,
  outcome: (run: Run) => Partial<Run> = () => ({}),
  problems: Record<string, Problem> = {},
) {
  const newest = new Map(Object.entries(hsms));
  const runs = new Map<string, Run>();

  const start = (kind: keyof typeof PROOF_BY, hsm: string, folder: string): Answer => {
    const id = `${kind}-${hsm}`;
    const made = run({ id, kind, subject: hsm });
    const ended = { ...made, ...outcome(made) };
    runs.set(id, ended);
    if (ended.status !== 'Failed') newest.set(hsm, backupView({ hsm, folder, proof: PROOF_BY[kind], run: `backup-${hsm}` }));
    return { status: 202, body: { runId: id } };
  };

  const { url, seen } = await serve(({ method, path, body }) => {
    const [, noun, name = '', verb] = path.replace('/api', '').split('/');
    if (noun === 'runs') return { body: runs.get(name) };
    if (verb === 'backups') return start('backup', name, `folder-${name}`);
    if (verb === 'pre-restore') return start('pre-restore', name, (body as { folder: string }).folder);
    if (verb === 'drill') return start('drill', name, newest.get(name)?.folder ?? '');
    const views = [...newest].map(([hsm, backup]) =>
      hsmView({ name: hsm, newestProven: backup, lastBackup: backup, ...(problems[hsm] && { problem: problems[hsm] }) }),
    );
    return method === 'GET' ? { body: { value: views } } : { status: 405 };
  });
  const spend = (
    preRestore: readonly string[] = Object.keys(hsms),
    drills: readonly string[] = [],
    deadlineMs = 60_000,
  ): Promise<readonly HsmNight[]> =>
    spendTheNight(
      apiClient({ apiUrl: `${url}/api`, token: fixedToken('t') }),
      { date: '2026-11-22', timeZone: 'UTC', preRestore, drills, deadlineMs, signal: new AbortController().signal },
      { update: () => undefined, end: () => undefined },
    );
  const started = (): string[] => seen.filter(({ method }) => method === 'POST').map(({ path }) => path.replace('/api/hsms/', ''));
  return { spend, started };
}

const yesterday = backupView({ takenAt: '2026-11-21T23:59:59Z' });

describe('spendTheNight', () => {
  test('backs up the HSMs without a proven backup of tonight, then shows each newest one to its HSM', async () => {
    const { spend, started } = await serveHsms({ a: null, b: yesterday });
    const nights = await spend();
    expect(started().sort()).toEqual(['a/backups', 'a/pre-restore', 'b/backups', 'b/pre-restore']);
    expect(nights.map(({ hsm, backup, problems }) => [hsm, backup?.proof, problems])).toEqual([
      ['a', 'L2', []],
      ['b', 'L2', []],
    ]);
  });

  test('takes none when all are there, and counts them', async () => {
    const { spend, started } = await serveHsms({ a: backupView(), b: backupView() });
    const nights = await spend();
    expect(started()).toEqual([]);
    expect(verdict(nights, '2026-11-22')).toBe('hsmkeep: 2 of 2 HSMs have a proven backup of 2026-11-22\n');
  });

  test('completes a night in which only the pre-restore is missing, where it is switched on', async () => {
    const hsms = { a: backupView({ proof: 'L1', folder: 'f' }), b: backupView({ proof: 'L1' }) };
    const { spend, started } = await serveHsms(hsms);
    await spend(['a']);
    expect(started()).toEqual(['a/pre-restore']);
  });

  test('drills the newest backup where that is wanted and was not done', async () => {
    const { spend, started } = await serveHsms({ a: backupView(), b: backupView(), c: backupView({ proof: 'L3c' }), d: null });
    const nights = await spend([], ['a', 'c', 'd']);
    expect(started()).toEqual(['d/backups', 'a/drill', 'd/drill']);
    expect(nights.map(({ hsm, backup }) => [hsm, backup?.proof])).toEqual([
      ['a', 'L3c'],
      ['b', 'L2'],
      ['c', 'L3c'],
      ['d', 'L3c'],
    ]);
  });

  test('one HSM that fails does not stop the other, and is reported with its hint', async () => {
    const failed: Partial<Run> = {
      status: 'Failed',
      steps: [step('backup', { status: 'Failed', message: 'no space', hint: 'Make some.' })],
    };
    const { spend } = await serveHsms({ a: null, b: null }, ({ subject }) => (subject === 'a' ? failed : {}));
    const nights = await spend();
    expect(verdict(nights, '2026-11-22')).toContain('1 of 2');
    const output = { write: () => undefined };
    const report = nightReport(nights, { stdout: output, stderr: output, env: {}, cwd: '/', now: () => NOW });
    expect(report).toContain('\na: backup, backup: no space\n  Make some.\n');
    expect(report).toMatch(/\nb {4}folder-b +L2 +4 +12\.4 KiB +4 +10 s\n/);
  });

  test('an HSM whose container cannot be reached is told, and no backup of it is begun', async () => {
    const problem = { message: 'Its backups could not be listed.', hint: 'Look at the network.' };
    const { spend, started } = await serveHsms({ a: null, b: null }, undefined, { a: problem });
    const nights = await spend([]);
    expect(started()).toEqual(['b/backups']);
    expect(nights.map(({ backup, problems }) => [backup?.proof, problems])).toEqual([
      [undefined, ['Its backups could not be listed.\nLook at the network.']],
      ['L1', []],
    ]);
  });

  test('a run that does not end is given up in time, and told with where it is', async () => {
    const stuck: Partial<Run> = {
      status: 'Running',
      endedAt: null,
      steps: [step('Lock'), step('Manifest', { status: 'Waiting', endedAt: null, message: 'storage does not answer' })],
    };
    const { spend, started } = await serveHsms({ a: null, b: null }, ({ subject }) => (subject === 'a' ? stuck : {}));
    const nights = await spend(['b'], [], 100);
    expect(nights.map(({ problems }) => problems)).toEqual([
      [
        expect.stringMatching(
          /^backup: not ended within 0\.1 s\. It is at Manifest: storage does not answer\.\nCan what it needs be reached\?/,
        ),
      ],
      [],
    ]);
    expect(started()).toContain('b/pre-restore');
  });
});

describe('dateIn', () => {
  test('is the calendar date of the time zone', () => {
    const instant = Date.parse('2026-11-22T23:30:00Z');
    expect(dateIn('UTC', instant)).toBe('2026-11-22');
    expect(dateIn('Europe/Berlin', instant)).toBe('2026-11-23');
    expect(dateIn('America/New_York', instant)).toBe('2026-11-22');
  });
});
