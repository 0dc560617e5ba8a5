import { describe, expect, test } from 'vitest';
import type { ItemDiff } from '../../src/domain/restore/diff.ts';
import type { RestoreView } from '../../src/domain/restore/view.ts';
import { hsmkeep, run, serveApi, step } from './support.ts';

const env = (url: string) => ({ HSMKEEP_URL: 'http://127.0.0.1:1', HSMKEEP_RESTORE_URL: url, HSMKEEP_TOKEN: 't' });
const ID = 'restore-contoso-hsm-20261122T100000000Z';
const HASH = '0123456789abcdef'.repeat(4);
const SHORT = HASH.slice(0, 16);

const none: ItemDiff = { vanish: [], comeBack: [], change: [] };
const restoreView = (fields: Partial<RestoreView> = {}): RestoreView => ({
  id: ID,
  hash: HASH,
  state: 'planned',
  requestedBy: { oid: 'a', name: 'alice@contoso.example' },
  plannedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T14:00:00.000Z',
  source: 'contoso-hsm',
  target: 'contoso-hsm',
  container: 'https://s/c',
  folder: 'mhsm-contoso-hsm-2026112202000012',
  takenAt: '2026-11-22T02:00:00.120Z',
  proof: 'L2',
  manifestSha256: null,
  scope: 'full',
  diff: {
    keys: { ...none, vanish: ['new/1'], comeBack: ['old/1'] },
    deletedKeys: none,
    roleDefinitions: none,
    roleAssignments: none,
    settings: 'unreadable',
  },
  uncertain: [],
  preflights: [{ name: 'lock', status: 'ok', message: 'Nothing of hsmkeep works on contoso-hsm.' }],
  decision: null,
  runId: null,
  outcome: null,
  ...fields,
});

describe('restore plan', () => {
  test('shows what is destroyed, by name, and what to type next', async () => {
    const { url, seen } = await serveApi({ 'POST /api/hsms/contoso-hsm/restores': { status: 201, body: restoreView() } });
    const { code, stdout } = await hsmkeep(['restore', 'plan', 'contoso-hsm'], { env: env(url) });
    expect(code).toBe(0);
    expect(seen[0]?.body).toEqual({ scope: 'full' });
    expect(stdout).toMatch(/key versions +1 +1 +0/);
    expect(stdout).toMatch(/settings +\? +\? +\? +cannot be read/);
    expect(stdout).toContain('  - key versions: new/1\n  + key versions: old/1\n');
    expect(stdout).toContain(`hsmkeep restore approve ${ID} --hash ${SHORT}`);
  });

  test.each([
    [['--folder', 'mhsm-contoso-hsm-2026112202000012'], { selector: { folder: 'mhsm-contoso-hsm-2026112202000012' }, scope: 'full' }],
    [['--at', '2026-11-22T02:00:00+01:00'], { selector: { at: '2026-11-22T01:00:00.000Z' }, scope: 'full' }],
    [['--holding', `payments/${'a'.repeat(32)}`], { selector: { key: 'payments', version: 'a'.repeat(32) }, scope: 'full' }],
    [['--key', 'payments', '--target', 'spare'], { scope: { key: 'payments' }, target: 'spare' }],
  ])('asks with %j', async (options, body) => {
    const { url, seen } = await serveApi({ 'POST /api/hsms/contoso-hsm/restores': { status: 201, body: restoreView() } });
    expect((await hsmkeep(['restore', 'plan', 'contoso-hsm', ...options], { env: env(url) })).code).toBe(0);
    expect(seen[0]?.body).toEqual(body);
  });

  test.each([
    [['--folder', 'x']],
    [['--at', 'tuesday']],
    [['--at', '2026-11-22']],
    [['--holding', 'payments']],
    [['--at', '2026-11-22T02:00:00Z', '--folder', 'mhsm-contoso-hsm-2026112202000012']],
  ])('is used wrongly with %j', async (options) => {
    expect((await hsmkeep(['restore', 'plan', 'contoso-hsm', ...options])).code).toBe(2);
  });

  test('names no next step for a plan that cannot be carried out', async () => {
    const preflights = [{ name: 'storage', status: 'failed', message: 'It holds no blob.', hint: 'Choose another.' }] as const;
    const { url } = await serveApi({ 'POST /api/hsms/contoso-hsm/restores': { status: 201, body: restoreView({ preflights }) } });
    const { stdout } = await hsmkeep(['restore', 'plan', 'contoso-hsm'], { env: env(url) });
    expect(stdout).toContain('storage: Choose another.');
    expect(stdout).toContain('It cannot be carried out');
    expect(stdout).not.toContain('restore approve');
  });

  test('cuts a list that nobody reads', async () => {
    const vanish = Array.from({ length: 60 }, (_, index) => `key-${index}/1`);
    const diff = { ...restoreView().diff, keys: { ...none, vanish } };
    const { url } = await serveApi({ 'POST /api/hsms/contoso-hsm/restores': { status: 201, body: restoreView({ diff }) } });
    expect((await hsmkeep(['restore', 'plan', 'contoso-hsm'], { env: env(url) })).stdout).toContain('… and 20 more; --json shows all');
  });
});

describe.each(['approve', 'reject'])('restore %s', (verb) => {
  const served = () =>
    serveApi({
      [`GET /api/restores/${ID}`]: { body: restoreView() },
      [`POST /api/restores/${ID}/${verb}`]: { body: restoreView({ state: 'approved' }) },
    });

  test('sends the whole hash of which the beginning was typed', async () => {
    const { url, seen } = await served();
    const { code } = await hsmkeep(['restore', verb, ID, '--hash', SHORT, '--note', 'as agreed'], { env: env(url) });
    expect(code).toBe(0);
    expect(seen.at(-1)?.body).toEqual({ hash: HASH, note: 'as agreed' });
  });

  test('sends nothing for the hash of another plan', async () => {
    const { url, seen } = await served();
    const { code, stderr } = await hsmkeep(['restore', verb, ID, '--hash', 'f'.repeat(16)], { env: env(url) });
    expect({ code, posts: seen.filter(({ method }) => method === 'POST').length }).toEqual({ code: 1, posts: 0 });
    expect(stderr).toContain(`hsmkeep restore show ${ID}`);
  });

  test.each([[[]], [['--hash', '0123']], [['--hash', 'not-hexadecimal!']]])('is used wrongly with %j', async (options) => {
    const { url } = await served();
    expect((await hsmkeep(['restore', verb, ID, ...options], { env: env(url) })).code).toBe(2);
  });
});

describe('restore execute', () => {
  const ended = run({ id: ID, kind: 'restore', steps: [step('Approval'), step('Restore')] });

  test('starts the run once and follows it', async () => {
    const { url, seen } = await serveApi({
      [`GET /api/restores/${ID}`]: { body: restoreView({ state: 'approved' }) },
      [`POST /api/restores/${ID}/execute`]: { status: 202, body: { runId: ID } },
      [`GET /api/runs/${ID}`]: { body: ended },
    });
    const { code, stdout, stderr } = await hsmkeep(['restore', 'execute', ID, '--hash', SHORT], { env: env(url) });
    expect(code).toBe(0);
    expect(seen.filter(({ method }) => method === 'POST').map(({ body }) => body)).toEqual([{ hash: HASH }]);
    expect(stderr).toContain('contoso-hsm: restore: Restore done');
    expect(stdout).toMatch(/^run +restore-contoso-hsm/);
  });

  test('only starts with --no-wait', async () => {
    const { url } = await serveApi({
      [`GET /api/restores/${ID}`]: { body: restoreView({ state: 'approved' }) },
      [`POST /api/restores/${ID}/execute`]: { status: 202, body: { runId: ID } },
    });
    expect((await hsmkeep(['restore', 'execute', ID, '--hash', SHORT, '--no-wait'], { env: env(url) })).stdout).toBe(`${ID}\n`);
  });
});

describe('restore show', () => {
  test('follows the run with its steps, and shows what is left to do afterwards', async () => {
    const lost = {
      name: 'Crypto User for p at /keys',
      assignment: { name: 'n', principalId: 'p', roleDefinitionId: 'r', scope: '/keys' },
      command: 'az give',
    };
    const done = restoreView({
      state: 'done',
      runId: ID,
      decision: { verdict: 'approved', by: 'bob', at: '2026-11-22T10:05:00.000Z', note: 'go' },
      outcome: { at: '2026-11-22T10:10:00.000Z', remaining: restoreView().diff, lostAssignments: [lost] },
      uncertain: ['keys/busy'],
    });
    const failed = run({
      id: ID,
      kind: 'restore',
      status: 'Failed',
      steps: [step('Restore', { status: 'Failed', message: 'no', hint: 'Plan anew.' })],
    });
    const { url } = await serveApi({
      [`GET /api/restores/${ID}`]: [{ body: restoreView({ state: 'executing', runId: ID }) }, { body: done }],
      [`GET /api/runs/${ID}`]: { body: failed },
    });
    const { code, stdout } = await hsmkeep(['restore', 'show', ID, '--follow'], { env: env(url) });
    expect(code).toBe(1);
    expect(stdout).toContain('bob: approved (go)');
    expect(stdout).toContain('  - Crypto User for p at /keys\n      az give\n');
    expect(stdout).toContain('Changed while the backup was taken: keys/busy');
    expect(stdout).toContain('Restore: Plan anew.');
  });

  test('shows a plan without a run as it is', async () => {
    const { url } = await serveApi({ [`GET /api/restores/${ID}`]: { body: restoreView({ state: 'executing' }) } });
    const { code, stdout } = await hsmkeep(['restore', 'show', ID, '--follow'], { env: env(url) });
    expect({ code, follow: stdout.includes('--follow') }).toEqual({ code: 0, follow: true });
  });
});
