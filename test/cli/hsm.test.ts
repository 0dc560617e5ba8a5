import { describe, expect, test } from 'vitest';
import { backupView, hsmkeep, hsmView, serveApi } from './support.ts';

describe('hsm list', () => {
  const list = async (hsms: unknown[], args: string[] = [], tty = false) => {
    const { url } = await serveApi({ 'GET /api/hsms': { body: { value: hsms } } });
    return hsmkeep(['hsm', 'list', ...args], { env: { HSMKEEP_URL: url, HSMKEEP_TOKEN: 't' }, tty });
  };

  test('shows each HSM in aligned columns, with ages in words', async () => {
    const overdue = hsmView({
      name: 'hsm-2',
      status: 'overdue',
      newestProven: backupView({ proof: 'L1', takenAt: '2026-11-20T02:00:00Z' }),
      lastBackup: backupView({ takenAt: '2026-11-22T09:48:00Z' }),
      nextBackupAt: '2026-11-22T10:30:00Z',
      backups: 3,
    });
    const never = hsmView({ name: 'new-hsm', status: 'never', newestProven: null, lastBackup: null, backups: 0 });
    const { code, stdout, stderr } = await list([hsmView(), overdue, never]);

    expect(stdout).toBe(
      [
        'HSM          STATUS   NEWEST PROVEN  PROOF  LAST            NEXT           BACKUPS',
        'contoso-hsm  ok       8 hours ago    L2     8 hours ago     in 16 hours         14',
        'hsm-2        overdue  2 days ago     L1     12 minutes ago  in 30 minutes        3',
        'new-hsm      never    never          -      never           in 16 hours          0',
        '',
      ].join('\n'),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('says why a listing is incomplete and what to do', async () => {
    const problem = { message: 'The container cannot be read.', hint: 'Grant Storage Blob Data Reader.' };
    const { stdout } = await list([hsmView({ problem })]);
    expect(stdout).toContain('\ncontoso-hsm: The container cannot be read.\n  Grant Storage Blob Data Reader.\n');
  });

  test('gives programs the JSON of the API', async () => {
    const hsm = { ...hsmView(), fieldOfTheFuture: [1] };
    const { stdout } = await list([hsm], ['--json']);
    expect(JSON.parse(stdout)).toEqual({ value: [hsm] });
  });

  test('colours the status on a terminal only, and not with NO_COLOR', async () => {
    const { url } = await serveApi({ 'GET /api/hsms': { body: { value: [hsmView({ status: 'overdue' })] } } });
    const env = { HSMKEEP_URL: url, HSMKEEP_TOKEN: 't' };
    const red = '\u001b[31moverdue\u001b[39m';

    expect((await hsmkeep(['hsm', 'list'], { env, tty: true })).stdout).toContain(red);
    expect((await hsmkeep(['hsm', 'list'], { env, tty: false })).stdout).not.toContain('\u001b');
    expect((await hsmkeep(['hsm', 'list'], { env: { ...env, NO_COLOR: '1' }, tty: true })).stdout).not.toContain('\u001b');
  });

  test('lets no control character of an answer reach the terminal', async () => {
    const { stdout } = await list([hsmView({ name: 'evil\u001b[2J' })]);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('evil\ufffd[2J');
  });

  test('says so when there is no HSM', async () => {
    expect((await list([])).stdout).toBe('No HSM is configured.\n');
  });
});
