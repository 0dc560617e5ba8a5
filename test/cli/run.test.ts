import { describe, expect, test } from 'vitest';
import { hsmkeep, run, serveApi, step } from './support.ts';

const env = (url: string) => ({ HSMKEEP_URL: url, HSMKEEP_TOKEN: 't' });

describe('run list', () => {
  test('shows which step a run stands at or failed at, and stops at the limit', async () => {
    const runs = [
      run({ id: 'r3', status: 'Running', endedAt: null, steps: [step('lock'), step('backup', { status: 'Running', endedAt: null })] }),
      run({ id: 'r2', status: 'Failed', steps: [step('lock', { status: 'Failed' })] }),
      run({ id: 'r1' }),
    ];
    const { url } = await serveApi({ 'GET /api/runs?top=2': { body: { value: runs } } });
    const { stdout } = await hsmkeep(['run', 'list', '--limit', '2'], { env: env(url) });
    expect(stdout).toBe(
      [
        'RUN  KIND    SUBJECT      STATUS   STARTED         DURATION  STEP',
        'r3   backup  contoso-hsm  Running  1 minute ago  1 min 00 s  backup',
        'r2   backup  contoso-hsm  Failed   1 minute ago        10 s  lock',
        '',
      ].join('\n'),
    );
  });
});

describe('run list filters', () => {
  test('are left to the API, which has all runs', async () => {
    const { url, seen } = await serveApi({ 'GET /api/runs?top=20&kind=backup&subject=contoso-hsm': { body: { value: [] } } });
    const { stdout } = await hsmkeep(['run', 'list', '--kind', 'backup', '--subject', 'contoso-hsm'], { env: env(url) });
    expect({ stdout, calls: seen.length }).toEqual({ stdout: 'No such run.\n', calls: 1 });
  });
});

describe('run show', () => {
  test('shows the steps with messages, and hints below', async () => {
    const degraded = run({
      status: 'Degraded',
      steps: [step('inventory', { status: 'Degraded', message: 'roles unreadable', hint: 'Grant Crypto Auditor.' })],
      result: { folder: 'mhsm-contoso-hsm-2026112202000012' },
    });
    const { url } = await serveApi({ 'GET /api/runs/backup-1': { body: degraded } });
    const { code, stdout } = await hsmkeep(['run', 'show', 'backup-1'], { env: env(url) });
    expect(code).toBe(0);
    expect(stdout).toContain('folder    mhsm-contoso-hsm-2026112202000012\n');
    expect(stdout).toMatch(/inventory +Degraded +2\.0 s +roles unreadable\n/);
    expect(stdout).toContain('\ninventory: Grant Crypto Auditor.\n');
  });

  test('follows to the end, and exits 1 when it failed', async () => {
    const { url } = await serveApi({
      'GET /api/runs/backup-1': [{ body: run({ status: 'Running', endedAt: null, steps: [] }) }, { body: run({ status: 'Failed' }) }],
    });
    expect((await hsmkeep(['run', 'show', 'backup-1', '--follow'], { env: env(url) })).code).toBe(1);
  });

  test('says at once that there is no such run, also when it was to be followed', async () => {
    const { url, seen } = await serveApi({});
    const { code, stderr } = await hsmkeep(['run', 'show', 'nope', '--follow'], { env: env(url) });
    expect({ code, calls: seen.length }).toEqual({ code: 1, calls: 1 });
    expect(stderr).toContain('There is no /api/runs/nope.');
  });
});

describe('progress', () => {
  test('says what a long wait is for, once; a short one is not worth a line', async () => {
    const waiting = (startedAt: string, message: string) => {
      const steps = [step('Lock', { status: 'Waiting', startedAt, endedAt: null, message })];
      return { body: run({ status: 'Waiting', endedAt: null, steps }) };
    };
    const { url } = await serveApi({
      'GET /api/runs/backup-1': [
        waiting('2026-11-22T09:59:58Z', 'for a moment'),
        waiting('2026-11-22T09:59:50Z', 'restore-1 works on contoso-hsm'),
        waiting('2026-11-22T09:59:50Z', 'restore-1 works on contoso-hsm'),
        { body: run({ steps: [] }) },
      ],
    });
    const { stderr } = await hsmkeep(['run', 'show', 'backup-1', '--follow'], { env: env(url) });
    expect(stderr).toBe('contoso-hsm: backup: Lock waiting: restore-1 works on contoso-hsm\ncontoso-hsm: backup: completed in 10 s\n');
  });
});

describe('progress on a terminal', () => {
  test('keeps one live line of what goes on, and removes it', async () => {
    const running = run({ status: 'Running', endedAt: null, steps: [step('backup', { status: 'Running', endedAt: null })] });
    const { url } = await serveApi({ 'GET /api/runs/backup-1': [{ body: running }, { body: running }, { body: run() }] });
    const { stderr } = await hsmkeep(['run', 'show', 'backup-1', '--follow'], { env: { ...env(url), NO_COLOR: '1' }, tty: true });
    expect(stderr).toContain('contoso-hsm: backup: backup (1 min 00 s)\r\u001b[2Kcontoso-hsm: backup: lock done');
    expect(stderr.endsWith('completed in 10 s\n')).toBe(true);
  });
});
