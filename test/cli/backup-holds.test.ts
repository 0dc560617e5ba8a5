import { describe, expect, test } from 'vitest';
import { backupView, hsmkeep, run, serveApi } from './support.ts';

const FOLDER = 'mhsm-contoso-hsm-2026112202000012';
const PATH = `/api/hsms/contoso-hsm/backups/${FOLDER}`;
const env = (url: string) => ({ HSMKEEP_URL: url, HSMKEEP_TOKEN: 't' });
const held = { by: 'alice', until: '2027-06-30T00:00:00.000Z', reason: 'audit' };
const answer = (record: object) => ({ body: { backup: backupView({ folder: FOLDER }), record } });

describe('backup hold, release and undo', () => {
  test('hold sends until when and why, and says how long it lasts', async () => {
    const { url, seen } = await serveApi({ [`PUT ${PATH}/hold`]: answer({ holds: [held] }) });
    const { code, stdout } = await hsmkeep(['backup', 'hold', FOLDER, '--until', '2027-06-30T00:00:00Z', '--reason', 'audit'], {
      env: env(url),
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${FOLDER} is held until 2027-06-30T00:00:00.000Z.\n` });
    expect(seen.at(-1)?.body).toEqual({ until: '2027-06-30T00:00:00Z', reason: 'audit' });
  });

  test('release says who still holds the backup', async () => {
    const { url } = await serveApi({ [`DELETE ${PATH}/hold`]: answer({ holds: [{ ...held, by: 'restore-1' }] }) });
    const { stdout } = await hsmkeep(['backup', 'release', FOLDER], { env: env(url) });
    expect(stdout).toBe(`${FOLDER} is still held by restore-1.\n`);
  });

  test('undo says that the next night may mark the backup anew', async () => {
    const { url } = await serveApi({ [`POST ${PATH}/undo`]: answer({ marks: [] }) });
    expect((await hsmkeep(['backup', 'undo', FOLDER], { env: env(url) })).stdout).toContain('marks it anew');
  });

  test('what is no name of a folder is a misuse', async () => {
    expect((await hsmkeep(['backup', 'undo', 'yesterday'], { env: env('http://127.0.0.1:9') })).code).toBe(2);
  });
});

describe('backup adopt', () => {
  const ADOPT = `POST ${PATH}/adopt`;

  test('watches the run that it starts', async () => {
    const { url } = await serveApi({
      [ADOPT]: { status: 202, body: { runId: 'adopt-1' } },
      'GET /api/runs/adopt-1': { body: run({ id: 'adopt-1', kind: 'adopt' }) },
    });
    const { code, stdout } = await hsmkeep(['backup', 'adopt', FOLDER], { env: env(url) });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/adopt-1 +adopt +contoso-hsm +Completed/) });
    expect((await hsmkeep(['backup', 'adopt', FOLDER, '--no-wait'], { env: env(url) })).stdout).toBe('adopt-1\n');
  });

  test('says so when the folder is ours already', async () => {
    const { url } = await serveApi({ [ADOPT]: answer({}) });
    const { code, stdout } = await hsmkeep(['backup', 'adopt', FOLDER], { env: env(url) });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${FOLDER} is ours already; nothing was changed.\n` });
  });

  test('what is no name of a folder is a misuse', async () => {
    expect((await hsmkeep(['backup', 'adopt', 'yesterday'], { env: env('http://127.0.0.1:9') })).code).toBe(2);
  });
});

describe('retention preview', () => {
  test('shows decisions with their reasons and what the next night would do', async () => {
    const { url } = await serveApi({
      'POST /api/hsms/contoso-hsm/retention/preview': {
        body: {
          ...{ hsm: 'contoso-hsm', mode: 'delete', now: '2026-11-22T10:00:00Z', timeZone: 'UTC', policyHash: 'x', refused: null, other: 0 },
          decisions: [{ id: FOLDER, keep: false, reasons: ['no rule keeps it'] }],
          ...{
            young: false,
            goesAt: { [FOLDER]: '2026-11-23T02:00:00.000Z' },
            recoverable: { any: null, newest: '2026-12-01T02:00:00.000Z' },
          },
          copies: {
            due: ['mhsm-contoso-hsm-2026010102000000'],
            waiting: [{ folder: 'mhsm-contoso-hsm-2026050102000000', removableAt: 'later' }],
          },
          approval: { by: 'root', planHash: 'f'.repeat(64), expiresAt: '2026-11-30T10:00:00.000Z' },
          ...{ mark: [], lift: [], waiting: [], prune: [{ folder: FOLDER, markedAt: '2026-11-01T02:00:00Z' }], finish: [] },
        },
      },
      'GET /api/hsms/contoso-hsm/backups': { body: { value: [backupView({ folder: FOLDER })] } },
    });
    const { code, stdout } = await hsmkeep(['retention', 'preview', 'contoso-hsm'], { env: env(url) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/forget +2026-11-23 +no rule keeps it/);
    expect(stdout).toContain('until 2026-12-01 if only the newest does.');
    expect(stdout).toContain(`A night would delete 1 backup: ${FOLDER}, delete the second copy of mhsm-contoso-hsm-2026010102000000.`);
    expect(stdout).toContain('Of mhsm-contoso-hsm-2026050102000000 the second copy is left; it may be deleted from later on.');
    expect(stdout).toContain('root has approved the plan ffffffffffffffff;');
  });
});

describe('retention approve', () => {
  const HASH = `0123456789abcdef${'0'.repeat(48)}`;
  const PREVIEW = 'POST /api/hsms/contoso-hsm/retention/preview';
  const braked = { body: { refused: { guard: 'brake', message: 'm', hint: 'h', ids: [FOLDER], planHash: HASH } } };
  const approve = (url: string, ...args: string[]) => hsmkeep(['retention', 'approve', 'contoso-hsm', ...args], { env: env(url) });

  test('takes the beginning of the hash, and names what may go', async () => {
    const { url, seen } = await serveApi({
      [PREVIEW]: braked,
      'POST /api/hsms/contoso-hsm/retention/approve': { body: { ids: [FOLDER], expiresAt: '2026-11-30T10:00:00.000Z' } },
    });
    const { code, stdout } = await approve(url, '--hash', HASH.slice(0, 16), '--note', 'ticket 42');
    expect(code).toBe(0);
    expect(seen.at(-1)?.body).toEqual({ planHash: HASH, note: 'ticket 42' });
    expect(stdout).toContain(
      `1 backup of contoso-hsm may be marked for deletion by the next night, until 2026-11-30 10:00Z:\n  ${FOLDER}\n`,
    );
  });

  test.each([
    ['the plan is another one', braked, 'its hash is 0123'],
    ['nothing waits', { body: { refused: null } }, 'Nothing waits for an approval'],
  ])('fails when %s', async (_what, answer, words) => {
    const { url } = await serveApi({ [PREVIEW]: answer });
    const { code, stderr } = await approve(url, '--hash', 'fedcba9876543210');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(words) });
  });

  test('a few digits are no hash', async () => {
    expect((await approve('http://127.0.0.1:9', '--hash', 'abc')).code).toBe(2);
  });
});
