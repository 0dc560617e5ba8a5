import { describe, expect, test } from 'vitest';
import type { SecretView } from '../../src/domain/rotation/secret-view.ts';
import { hsmkeep, run, serveApi } from './support.ts';

const env = (url: string) => ({ HSMKEEP_URL: 'http://127.0.0.1:1', HSMKEEP_ROTATE_URL: url, HSMKEEP_TOKEN: 't' });
const view = (fields: Partial<SecretView> = {}): SecretView => ({
  vault: 'contoso-kv',
  name: 'app-key',
  owner: 'team-app',
  state: 'fresh',
  enabled: true,
  provider: 'generated',
  unmanagedBecause: null,
  everyDays: 60,
  target: null,
  createdAt: '2026-11-20T10:00:00.000Z',
  ageDays: 2,
  dueAt: '2027-01-17T10:00:00.000Z',
  expiresAt: '2027-02-16T10:00:00.000Z',
  graceUntil: null,
  windowOpensAt: null,
  rotationId: null,
  next: null,
  rotation: 'on',
  lastResult: null,
  ...fields,
});

describe('secret list', () => {
  const list = async (body: object, args: string[] = []) => {
    const api = await serveApi({ 'GET /api/secrets?top=1000': { body }, 'GET /api/secrets?vault=contoso-kv&top=1000': { body } });
    return { ...(await hsmkeep(['secret', 'list', ...args], { env: env(api.url) })), seen: api.seen };
  };

  test('shows how each stands, what comes next, and which vault could not be read', async () => {
    const result = { run: 'r', status: 'Completed', outcome: 'rotated', endedAt: '2026-11-20T10:00:00.000Z' } as const;
    const value = [
      view({ lastResult: result }),
      view({ name: 'db', state: 'due', next: { reason: 'due', action: 'rotate' }, rotation: 'observe', owner: null }),
      view({
        name: 'mail',
        state: 'in-grace',
        graceUntil: '2026-11-27T10:00:00.000Z',
        lastResult: { ...result, status: 'Failed', outcome: null, endedAt: '2026-11-22T07:00:00.000Z' },
      }),
      view({ name: 'nightly', state: 'due', windowOpensAt: '2026-11-24T10:00:00.000Z' }),
      view({ name: 'old', state: 'retiring', windowOpensAt: '2026-11-24T10:00:00.000Z', rotation: 'observe' }),
      view({ name: 'other', state: 'unmanaged', provider: null, dueAt: null, expiresAt: null, owner: 'a team with a long name' }),
    ];
    const problems = [{ vault: 'far-kv', problem: { message: 'It refused.', hint: 'Grant a role.' } }];
    const { code, stdout } = await list({ value, problems });
    expect(stdout).toBe(
      [
        'SECRET              OWNER         STATE      AGE  DUE      EXPIRES  LAST RESULT      NEXT',
        'contoso-kv/app-key  team-app      fresh      2 d  in 56 d  in 86 d  rotated 2 d ago  ',
        'contoso-kv/db       -             due        2 d  in 56 d  in 86 d  -                would rotate (due)',
        'contoso-kv/mail     team-app      in-grace   2 d  in 56 d  in 86 d  failed 3 h ago   retire in 5 d',
        'contoso-kv/nightly  team-app      due        2 d  in 56 d  in 86 d  -                rotate in 2 d (window)',
        'contoso-kv/old      team-app      retiring   2 d  in 56 d  in 86 d  -                would retire in 2 d (window)',
        'contoso-kv/other    a team with…  unmanaged  2 d  -        -        -                ',
        '',
        'far-kv: It refused.',
        '  Grant a role.',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test('fits 120 characters beside a name of 31 letters, whatever else it says', async () => {
    const longest = view({
      name: 'payments-db-password',
      owner: 'a team with a long name',
      state: 'unmanaged',
      next: { reason: 'changed-by-others', action: 'rotate' },
      lastResult: { run: 'r', status: 'Completed', outcome: 'rotated', endedAt: '2026-07-20T10:00:00.000Z' },
    });
    const { stdout } = await list({ value: [longest], problems: [] });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test('of one vault asks for that one, and gives programs all that the API says', async () => {
    const body = { value: [view()], problems: [] };
    const { stdout, seen } = await list(body, ['contoso-kv', '--json']);
    expect(JSON.parse(stdout)).toEqual(body);
    expect(seen[0]?.path).toBe('/api/secrets?vault=contoso-kv&top=1000');
  });

  test('says so when there is none', async () => {
    expect((await list({ value: [], problems: [] })).stdout).toBe('No secret was found.\n');
  });
});

test('secret show names tags and versions', async () => {
  const body = { secret: view(), tags: { owner: 'team' }, versions: [{ version: 'v1', enabled: true }] };
  const { url } = await serveApi({ 'GET /api/secrets/contoso-kv/app-key': { body } });
  const { stdout } = await hsmkeep(['secret', 'show', 'contoso-kv/app-key'], { env: env(url) });
  expect(stdout).toContain('tags.owner           team\n');
  expect(stdout).toContain('versions[0].version  v1\n');
});

test('secret manage sends what was said, and nothing that was not', async () => {
  const body = { managed: false, checks: [{ check: 'works', ok: true }], tags: {}, expiresAt: '2027-01-01T00:00:00.000Z' };
  const { url, seen } = await serveApi({ 'PUT /api/secrets/contoso-kv/db/management': { body } });
  const args = ['secret', 'manage', 'contoso-kv/db', '--provider', 'webhook', '--target', 'https://x', '--dry-run'];
  const { code, stdout } = await hsmkeep(args, { env: env(url) });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('checks[0].check  works') });
  expect(seen[0]).toMatchObject({ method: 'PUT', body: { provider: 'webhook', target: 'https://x', dryRun: true } });
  expect(Object.keys(seen[0]?.body as object)).toEqual(['provider', 'target', 'dryRun']);
});

describe('secret rotate', () => {
  const rotate = async (args: string[], ended = run({ id: 'rotation-1', kind: 'rotation', subject: 'contoso-kv.db' })) => {
    const { url, seen } = await serveApi({
      'POST /api/secrets/contoso-kv/db/rotate': { status: 202, body: { runId: 'rotation-1' } },
      'GET /api/runs/rotation-1': { body: ended },
    });
    return { ...(await hsmkeep(['secret', 'rotate', 'contoso-kv/db', ...args], { env: env(url) })), seen };
  };

  test.each([
    [[], 'normal'],
    [['--compromise'], 'compromise'],
  ])('%j waits for the end of the run, in mode %s', async (args, mode) => {
    const { code, stdout, seen } = await rotate(['--reason', 'audit', ...args]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RUN +KIND .*\nrotation-1 +rotation +contoso-kv\.db +Completed/);
    expect(seen[0]?.body).toEqual({ reason: 'audit', mode });
  });

  test('only starts with --no-wait, and exits 1 when the run failed', async () => {
    expect(await rotate(['--reason', 'x', '--no-wait'])).toMatchObject({ code: 0, stdout: 'rotation-1\n' });
    const failed = run({ id: 'rotation-1', kind: 'rotation', status: 'Failed' });
    expect((await rotate(['--reason', 'x'], failed)).code).toBe(1);
  });

  test('is used wrongly without a reason, or without the name of a vault', async () => {
    expect((await rotate([])).code).toBe(2);
    expect(await hsmkeep(['secret', 'rotate', 'db', '--reason', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('vault/name'),
    });
  });
});
