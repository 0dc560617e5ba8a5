import { describe, expect, test } from 'vitest';
import { backupView, hsmkeep, hsmView, run, serveApi, step } from './support.ts';

const env = (url: string) => ({ HSMKEEP_URL: url, HSMKEEP_TOKEN: 't' });
const accepted = (runId: string) => ({ status: 202, body: { runId }, headers: { location: `/api/runs/${runId}` } });

describe('backup now', () => {
  const running = run({
    status: 'Running',
    endedAt: null,
    steps: [step('lock'), step('backup', { status: 'Running', endedAt: null })],
  });

  test('starts a backup, shows its steps on stderr once each, and prints the run', async () => {
    const { url, seen } = await serveApi({
      'POST /api/hsms/contoso-hsm/backups': accepted('backup-1'),
      'GET /api/runs/backup-1': [{ body: running }, { body: running }, { body: run() }],
    });
    const { code, stdout, stderr } = await hsmkeep(['backup', 'now', 'contoso-hsm'], { env: env(url) });

    expect(code).toBe(0);
    expect(stderr.split('\n')).toEqual([
      'contoso-hsm: backup: lock done (2.0 s)',
      'contoso-hsm: backup: backup done (2.0 s)',
      'contoso-hsm: backup: completed in 10 s',
      '',
    ]);
    expect(stdout).toMatch(/^RUN +KIND .*\nbackup-1 +backup +contoso-hsm +Completed/);
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('exits 1 when a run failed, with the hint of its step', async () => {
    const failed = run({ status: 'Failed', steps: [step('pre-backup', { status: 'Failed', message: '403', hint: 'Grant the role.' })] });
    const { url } = await serveApi({
      'POST /api/hsms/contoso-hsm/backups': accepted('backup-1'),
      'GET /api/runs/backup-1': { body: failed },
    });
    const { code, stderr } = await hsmkeep(['backup', 'now', 'contoso-hsm'], { env: env(url) });
    expect(code).toBe(1);
    expect(stderr).toContain('contoso-hsm: backup: pre-backup failed (2.0 s): 403\n    Grant the role.\n');
  });

  test('backs up every HSM with --all, all at once', async () => {
    const { url } = await serveApi({
      'GET /api/hsms': { body: { value: [hsmView({ name: 'a' }), hsmView({ name: 'b' })] } },
      'POST /api/hsms/a/backups': accepted('run-a'),
      'POST /api/hsms/b/backups': accepted('run-b'),
      'GET /api/runs/run-a': { body: run({ id: 'run-a', subject: 'a' }) },
      'GET /api/runs/run-b': { body: run({ id: 'run-b', subject: 'b' }) },
    });
    const { code, stdout } = await hsmkeep(['backup', 'now', '--all', '--json'], { env: env(url) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).value.map(({ id }: { id: string }) => id)).toEqual(['run-a', 'run-b']);
  });

  test('only starts with --no-wait', async () => {
    const { url, seen } = await serveApi({ 'POST /api/hsms/contoso-hsm/backups': accepted('backup-1') });
    const { code, stdout } = await hsmkeep(['backup', 'now', 'contoso-hsm', '--no-wait'], { env: env(url) });
    expect({ code, stdout, calls: seen.length }).toEqual({ code: 0, stdout: 'backup-1\n', calls: 1 });
  });

  test('waits for an API that is briefly away or does not know the run yet', async () => {
    const { url } = await serveApi({
      'POST /api/hsms/contoso-hsm/backups': accepted('backup-1'),
      'GET /api/runs/backup-1': [{ status: 503, body: {} }, { status: 404, body: {} }, { body: run() }],
    });
    expect((await hsmkeep(['backup', 'now', 'contoso-hsm'], { env: env(url) })).code).toBe(0);
  });

  test('stops waiting at the deadline, and says how to go on looking', async () => {
    const { url } = await serveApi({
      'POST /api/hsms/contoso-hsm/backups': accepted('backup-1'),
      'GET /api/runs/backup-1': { body: running },
    });
    const { code, stderr } = await hsmkeep(['backup', 'now', 'contoso-hsm', '--wait-timeout', '0.01'], { env: env(url) });
    expect(code).toBe(1);
    expect(stderr).toContain('hsmkeep run show backup-1 --follow');
  });

  test('is used wrongly without any HSM, and with both names and --all', async () => {
    for (const args of [[], ['contoso-hsm', '--all']]) {
      const { code, stderr } = await hsmkeep(['backup', 'now', ...args]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('hsmkeep hsm list shows the names') });
    }
  });
});

describe('backup list', () => {
  test('follows the pages of a list and marks what was adopted', async () => {
    const { url } = await serveApi({
      'GET /api/hsms/contoso-hsm/backups': { body: { value: [backupView()], nextLink: '/api/hsms/contoso-hsm/backups?after=1' } },
      'GET /api/hsms/contoso-hsm/backups?after=1': {
        body: { value: [backupView({ folder: 'mhsm-contoso-hsm-2026112102000000', adopted: true, keys: null, sizeBytes: null })] },
      },
    });
    const { stdout } = await hsmkeep(['backup', 'list', 'contoso-hsm'], { env: env(url) });
    expect(stdout).toBe(
      [
        'FOLDER                             TAKEN        PROOF  STATUS             BLOBS      SIZE  KEYS',
        'mhsm-contoso-hsm-2026112202000012  8 hours ago  L2     complete               4  12.4 KiB     4',
        'mhsm-contoso-hsm-2026112102000000  8 hours ago  L2     complete, adopted      4         -     -',
        '',
      ].join('\n'),
    );
  });

  test('does not send the token to another place that a next link names', async () => {
    const other = await serveApi({});
    const { url } = await serveApi({ 'GET /api/hsms/contoso-hsm/backups': { body: { value: [], nextLink: `${other.url}/api/hsms` } } });
    const { code } = await hsmkeep(['backup', 'list', 'contoso-hsm'], { env: env(url) });
    expect({ code, reached: other.seen.length }).toEqual({ code: 1, reached: 0 });
  });

  test('lists those of all HSMs when none is named', async () => {
    const { url } = await serveApi({
      'GET /api/hsms': { body: { value: [hsmView({ name: 'a' }), hsmView({ name: 'b' })] } },
      'GET /api/hsms/a/backups': { body: { value: [backupView({ hsm: 'a' })] } },
      'GET /api/hsms/b/backups': { body: { value: [backupView({ hsm: 'b' })] } },
    });
    const { stdout } = await hsmkeep(['backup', 'list', '--json'], { env: env(url) });
    expect(JSON.parse(stdout).value.map(({ hsm }: { hsm: string }) => hsm)).toEqual(['a', 'b']);
  });
});

describe('backup show', () => {
  test('finds the HSM in the name of the folder, and shows nested fields by path', async () => {
    const record = { folder: 'f', manifest: { blobs: 4 }, proofs: [{ level: 'L1' }], holds: [], jobId: null };
    const document = { backup: { folder: 'f', proof: 'L1' }, record };
    const { url } = await serveApi({ 'GET /api/hsms/my-own-hsm/backups/mhsm-my-own-hsm-2026112202000012': { body: document } });
    const { stdout } = await hsmkeep(['backup', 'show', 'mhsm-my-own-hsm-2026112202000012'], { env: env(url) });
    expect(stdout).toBe(
      'folder           f\nproof            L1\nmanifest.blobs   4\nproofs[0].level  L1\nholds            -\njobId            -\n',
    );
  });

  test('refuses what is no name of a folder', async () => {
    expect((await hsmkeep(['backup', 'show', 'backup-1'])).code).toBe(2);
  });
});

describe('pre-restore', () => {
  test('asks the app with the restore duty, which chooses the newest backup when none is named', async () => {
    const { url, seen } = await serveApi({
      'POST /api/hsms/contoso-hsm/pre-restore': accepted('pre-1'),
      'GET /api/runs/pre-1': { body: run({ id: 'pre-1', kind: 'pre-restore' }) },
    });
    const split = { HSMKEEP_URL: 'http://127.0.0.1:1', HSMKEEP_RESTORE_URL: url, HSMKEEP_TOKEN: 't' };
    for (const folder of [[], ['mhsm-contoso-hsm-2026112202000012']]) {
      expect((await hsmkeep(['pre-restore', 'contoso-hsm', ...folder], { env: split })).code).toBe(0);
    }
    expect(seen.flatMap(({ method, body }) => (method === 'POST' ? [body] : []))).toEqual([
      {},
      { folder: 'mhsm-contoso-hsm-2026112202000012' },
    ]);
  });
});
