import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SecretView } from '../../src/domain/rotation/secret-view.ts';
import { type Answer, emptyFolder, hsmkeep, hsmView, run, serveApi, step } from './support.ts';

const PERIOD = 'from=2026-11-20T00%3A00%3A00.000Z&to=2026-11-22T10%3A00%3A00.000Z';
const DAYS = ['2026-11-20', '2026-11-21', '2026-11-22'];
const ARGS = ['report', '--from', '2026-11-20'];
const alice = { kind: 'person', oid: 'oid-of-alice', name: 'alice@contoso.net' };

const secret = (fields: Partial<SecretView>): SecretView => ({
  vault: 'contoso-kv',
  name: 'payments-db-password',
  owner: 'a team with a long name',
  state: 'fresh',
  enabled: true,
  provider: 'postgres',
  unmanagedBecause: null,
  everyDays: 60,
  target: null,
  createdAt: '2026-11-21T08:00:00.000Z',
  ageDays: 1.08,
  dueAt: '2027-01-20T10:00:00.000Z',
  expiresAt: '2027-02-19T10:00:00.000Z',
  graceUntil: null,
  windowOpensAt: null,
  rotationId: null,
  next: null,
  rotation: 'on',
  lastResult: null,
  ...fields,
});

const rotated = run({
  id: 'rotation-contoso-kv.payments-db-password-20261121T080000000Z',
  kind: 'rotation',
  subject: 'contoso-kv.payments-db-password',
  startedAt: '2026-11-21T08:00:00.000Z',
  endedAt: '2026-11-21T08:12:00.000Z',
  steps: [step('Confirm', { endedAt: '2026-11-21T08:00:09.000Z' })],
  result: {
    secret: 'contoso-kv/payments-db-password',
    by: alice,
    trigger: 'request',
    reason: '=it was mailed',
    mode: 'compromise',
    rotationId: 'r1',
    outcome: 'rotated',
    version: 'v2',
    publishedAt: '2026-11-21T08:00:05.000Z',
    replacedAgeDays: 59.5,
    everyDays: 60,
    retired: { rotationId: 'r1', base: 'v1', at: '2026-11-21T08:12:00.000Z', oldCredential: 'refused' },
  },
});
const backup = (day: string, fields = {}) =>
  run({
    id: `backup-contoso-hsm-${day.replaceAll('-', '')}T0200Z`,
    startedAt: `${day}T02:03:00.000Z`,
    endedAt: `${day}T02:05:00.000Z`,
    result: { proof: 'L1', retention: { marked: 1, pruned: 2, copies: 0, retained: 0 } },
    ...fields,
  });
const failed = {
  status: 'Failed',
  result: undefined,
  steps: [step('Start', { status: 'Failed', message: `The HSM did not answer ${'in time '.repeat(20)}` })],
};
const restore = run({
  id: 'restore-contoso-hsm-20261121T120000000Z',
  kind: 'restore',
  startedAt: '2026-11-21T12:00:00.000Z',
  result: { folder: 'mhsm-contoso-hsm-2026112102000012' },
});
const runs = [backup('2026-11-20'), backup('2026-11-21', failed), backup('2026-11-22'), rotated, restore];

/** An API that has all of that; `changes` replaces answers. */
async function api(changes: Record<string, Answer> = {}) {
  const trail = Object.fromEntries(DAYS.map((day) => [`GET /api/audit?day=${day}`, { body: { day, value: [], unreadable: 0 } }]));
  const ends = runs.map(({ id }) => ({ run: id }));
  const served = await serveApi({
    [`GET /api/runs?${PERIOD}&top=1000`]: { body: { value: runs } },
    'GET /api/secrets?top=1000': {
      body: {
        value: [
          secret({}),
          secret({ name: 'mail', owner: null, state: 'unmanaged', unmanagedBecause: 'never-managed', dueAt: null, everyDays: null }),
        ],
        problems: [],
      },
    },
    'GET /api/hsms': { body: { value: [hsmView()] } },
    [`GET /api/restores/${restore.id}`]: {
      body: {
        id: restore.id,
        requestedBy: { name: 'alice' },
        decision: { verdict: 'approved', by: 'bob', at: '2026-11-21T12:01:00.000Z' },
      },
    },
    ...trail,
    'GET /api/audit?day=2026-11-22': { body: { day: '2026-11-22', value: ends, unreadable: 0 } },
    ...changes,
  });
  return { ...served, env: { HSMKEEP_URL: served.url, HSMKEEP_TOKEN: 't' } };
}

describe('report', () => {
  test('says what happened, on 120 columns', async () => {
    const { code, stdout } = await hsmkeep(ARGS, { env: (await api()).env });
    expect(stdout).toMatchInlineSnapshot(`
      "From 2026-11-20 00:00Z to before 2026-11-22 10:00Z, made 2026-11-22 10:00Z

      complete         yes
      secrets          1 managed, 1 unmanaged
      rotations        1, 0 of them late; 1 in an emergency
      old credentials  1 ended, 1 of them seen to be refused, or replaced in their place
      nights           2 of 3 with a proven backup, of 1 HSM
      drills           none
      restores         1
      exceptions       3
      audit trail      whole: it has the end of all 5 runs

      Secrets
      SECRET                           OWNER         STATE      EVERY     AGE  DUE         INTERVALS  LATE
      contoso-kv/payments-db-password  a team with…  fresh       60 d  1.08 d  2027-01-20  59.5 d        0
      contoso-kv/mail                  -             unmanaged      -  1.08 d  -           -             0

      Rotations
      SECRET                           ASKED       BY     OUTCOME  VERIFIED           OLD ONE ENDED      OLD ONE IS
      contoso-kv/payments-db-password  2026-11-21  alice  ok       2026-11-21 08:00Z  2026-11-21 08:12Z  refused

      Emergency rotations
      SECRET                           ASKED              BY     OLD ONE ENDED AFTER  REASON
      contoso-kv/payments-db-password  2026-11-21 08:00Z  alice  12 min               =it was mailed

      HSMs
      HSM          NIGHTS  PROVEN  NOT THERE YET  NOT OVER  WITHOUT A PROVEN BACKUP
      contoso-hsm       3       2              0  -         2026-11-21

      Restores
      HSM          AT                 STATUS     ASKED BY  APPROVED BY  BACKUP
      contoso-hsm  2026-11-21 12:00Z  Completed  alice     bob          mhsm-contoso-hsm-2026112102000012

      Deletions by retention
      HSM          AT                 MARKED  DELETED  SECOND COPIES  KEPT BY A LOCK
      contoso-hsm  2026-11-20 02:03Z       1        2              0               0
      contoso-hsm  2026-11-22 02:03Z       1        2              0               0

      Exceptions: unmanaged (1)
      SUBJECT          OWNER  SINCE       DETAIL
      contoso-kv/mail  -      2026-11-21  it never was managed

      Exceptions: nights without a proven backup (1)
      SUBJECT      OWNER  SINCE  DETAIL
      contoso-hsm  -      -      1 of 3: 2026-11-21

      Exceptions: failed (1)
      SUBJECT                OWNER  SINCE       DETAIL
      backup of contoso-hsm  -      2026-11-21  The HSM did not answer in time in time in time in time in time in time…

      Not in it: who may rotate, and who could read values on their way (hsmkeep doctor); restores with --direct (told beside
      the backups, below hsmkeep/<hsm>/break-glass/); until when an exception is tolerated, which hsmkeep does not know.
      "
    `);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
    expect(code).toBe(0);
  });

  test('is without --from about the 90 days before', async () => {
    const { seen, env } = await api();
    await hsmkeep(['report', '--to', '2026-11-01'], { env });
    expect(seen[0]?.path).toContain('from=2026-08-03T00%3A00%3A00.000Z&to=2026-11-01T00%3A00%3A00.000Z');
    expect(
      seen
        .filter(({ path }) => path.startsWith('/api/audit'))
        .map(({ path }) => path.slice(-10))
        .sort()
        .at(-1),
    ).toBe('2026-11-08');
  });

  test('asks whether an HSM had backups before the period, when its first night has none', async () => {
    const older = `GET /api/runs?kind=backup&subject=contoso-hsm&from=2025-11-19T00%3A00%3A00.000Z&to=2026-11-20T00%3A00%3A00.000Z&top=1`;
    const late = { body: { value: [backup('2026-11-22')] } };
    const nights = async (value: object[]) => {
      const { env } = await api({ [`GET /api/runs?${PERIOD}&top=1000`]: late, [older]: { body: { value } } });
      return JSON.parse((await hsmkeep([...ARGS, '--json'], { env })).stdout).hsms[0];
    };
    expect(await nights([])).toMatchObject({ nights: 1, without: [], before: 2 });
    expect(await nights([backup('2026-11-01')])).toMatchObject({ nights: 3, without: ['2026-11-20', '2026-11-21'], before: 0 });
  });

  test.each([
    [`GET /api/runs?${PERIOD}&top=1000`, 'Missing: runs'],
    ['GET /api/secrets?top=1000', 'Missing: secrets'],
    ['GET /api/hsms', 'Missing: HSMs'],
    [`GET /api/restores/${restore.id}`, `Missing: who asked for and approved a restore of ${restore.id}`],
    ['GET /api/audit?day=2026-11-21', 'Missing: the audit trail'],
  ])('without %s tells the rest, says what is missing, and exits 1', async (path, words) => {
    const { env } = await api({ [path]: { status: 503, body: { detail: 'Storage is down.', hint: 'Wait.' } } });
    const { code, stdout } = await hsmkeep(ARGS, { env });
    expect(stdout).toContain(`${words}: Storage is down.\n  Wait.\n`);
    expect(stdout).toMatch(/complete +no: \d parts? missing/);
    expect(stdout.match(/^[A-Z][a-z ]+$|^HSMs$/gm)?.length).toBeGreaterThan(1);
    expect(code).toBe(1);
  });

  test('is incomplete when a vault could not be listed, not when a target rests', async () => {
    const problem = { message: 'No.', hint: 'Look.' };
    const withProblem = async (vault: string) => {
      const body = { value: [secret({})], problems: [{ vault, problem }] };
      const { env } = await api({ 'GET /api/secrets?top=1000': { body } });
      return JSON.parse((await hsmkeep([...ARGS, '--json'], { env })).stdout).missing;
    };
    expect(await withProblem('far-kv')).toEqual([{ part: 'secrets', of: 'far-kv', ...problem }]);
    expect(await withProblem('contoso-kv')).toEqual([]);
  });

  test('names runs that the audit trail lacks, and lines that are none', async () => {
    const { env } = await api({
      'GET /api/audit?day=2026-11-22': {
        body: { value: [{ run: rotated.id }, { run: 'drill-contoso-hsm-20261121T0600Z' }], unreadable: 2 },
      },
    });
    const { stdout } = await hsmkeep(ARGS, { env });
    expect(stdout).toMatch(/audit trail +of 5 runs; 4 runs not in the trail; 1 run only in the trail; 2 lines of the trail unreadable\n/);
    expect(stdout).toContain('Not in the audit trail, though they have ended\nRUN\nbackup-contoso-hsm-20261120T0200Z\n');
    expect(stdout).toContain('Only in the audit trail: their records are gone\nRUN\ndrill-contoso-hsm-20261121T0600Z\n');
  });

  test('writes a file of each part for the auditor', async () => {
    const cwd = emptyFolder();
    const { code } = await hsmkeep([...ARGS, '--csv', 'evidence'], { env: (await api()).env, cwd });
    expect(code).toBe(0);
    const read = (name: string) => readFileSync(join(cwd, 'evidence', name), 'utf8');
    expect(readdirSync(join(cwd, 'evidence')).sort()).toEqual(
      ['deletions', 'drills', 'emergencies', 'exceptions', 'hsms', 'missing', 'restores', 'rotations', 'secrets']
        .map((name) => `${name}.csv`)
        .concat('report.json')
        .sort(),
    );
    const [headers, line] = read('emergencies.csv').split('\r\n');
    expect(headers).toBe('secret,rotationId,by,byId,reason,requestedAt,publishedAt,oldEndedAt,minutes');
    expect(line).toBe(
      "contoso-kv/payments-db-password,r1,alice@contoso.net,oid-of-alice,'=it was mailed,2026-11-21T08:00:00.000Z,2026-11-21T08:00:05.000Z,2026-11-21T08:12:00.000Z,12",
    );
    expect(read('missing.csv')).toBe('part,of,message,hint\r\n');
    // A column that is forgotten would be missed by whoever needs it.
    const whole = JSON.parse(read('report.json')) as Record<string, unknown>;
    for (const [part, lines] of Object.entries(whole).filter((entry): entry is [string, object[]] => Array.isArray(entry[1])))
      for (const field of Object.keys(lines[0] ?? {})) expect(read(`${part}.csv`).split('\r\n')[0]?.split(','), part).toContain(field);
  });

  test('that cannot be written says where, and what to do', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'taken'), '');
    const { code, stderr } = await hsmkeep([...ARGS, '--csv', 'taken'], { env: (await api()).env, cwd });
    expect(stderr).toMatch(/could not be written to .*taken \(EEXIST\)[\s\S]*Name a folder/);
    expect(code).toBe(1);
  });

  test.each([
    [['--from', 'yesterday'], /a day or an instant/],
    [['--from', '2026-11-22', '--to', '2026-11-22'], /must end after it begins/],
    [['--from', '2020-01-01'], /no longer than two years/],
  ])('used as %j is refused', async (args, words) => {
    const { code, stderr } = await hsmkeep(['report', ...args], { env: (await api()).env });
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
  });
});
