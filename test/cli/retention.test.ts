import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, hsmkeep } from './support.ts';

const nights = (count: number) =>
  Array.from({ length: count }, (_, night) => {
    const takenAt = new Date(Date.parse('2026-02-08T02:00:00Z') - night * 24 * 3_600_000).toISOString();
    return { id: `night-${takenAt.slice(5, 10)}`, takenAt, proof: 'L2' };
  });

const POLICY = { retention: { daily: 4 }, protect: { maxDeleteShare: 1 } };

/** Runs `retention plan` on these documents, on the morning of 8 February. */
function plan(policy: unknown, backups: unknown, ...options: string[]) {
  const cwd = emptyFolder();
  const write = (name: string, document: unknown) =>
    writeFileSync(join(cwd, name), typeof document === 'string' ? document : JSON.stringify(document));
  write('policy.json', policy);
  write('backups.json', backups);
  const now = options.includes('--now') ? [] : ['--now', '2026-02-08T10:00:00Z'];
  return hsmkeep(['retention', 'plan', '--policy', 'policy.json', '--backups', 'backups.json', ...now, ...options], { cwd });
}

const planned = async (policy: unknown, backups: unknown, ...options: string[]) => {
  const { code, stdout, stderr } = await plan(policy, backups, '--json', ...options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

describe('retention plan --json', () => {
  test('prints every decision with its reasons, newest first, and nothing else', async () => {
    expect(await planned(POLICY, nights(5).toReversed())).toEqual({
      decisions: [
        { id: 'night-02-08', keep: true, reasons: ['daily snapshot', 'newest proven', 'floor 3'] },
        { id: 'night-02-07', keep: true, reasons: ['daily snapshot', 'floor 3'] },
        { id: 'night-02-06', keep: true, reasons: ['daily snapshot', 'floor 3'] },
        { id: 'night-02-05', keep: true, reasons: ['daily snapshot'] },
        { id: 'night-02-04', keep: false, reasons: ['no rule keeps it'] },
      ],
      refused: null,
    });
  });

  test('keeps a held backup beside the rules', async () => {
    const backups = nights(6).map((night) => (night.id === 'night-02-03' ? { ...night, heldUntil: '2027-01-01T00:00:00+01:00' } : night));
    const { decisions } = await planned(POLICY, backups);
    expect(decisions.at(-1)).toEqual({ id: 'night-02-03', keep: true, reasons: ['held until 2027-01-01T00:00:00+01:00'] });
  });

  test('takes rules at the top of the policy as well, and cuts days in its zone', async () => {
    const backups = ['2026-02-08T01:00:00-05:00', '2026-02-07T23:30:00-05:00', '2026-02-07T22:30:00-05:00'].map((takenAt, n) => ({
      id: `b${n}`,
      takenAt,
      proof: 'L1',
    }));
    const keeps = async (timeZone?: string) =>
      (await planned({ daily: 1, ...(timeZone && { timeZone }) }, backups, '--rules-only')).decisions.map(
        ({ keep }: { keep: boolean }) => keep,
      );
    expect(await keeps()).toEqual([true, false, false]);
    const two = { daily: 2, timeZone: 'America/New_York' };
    expect((await planned(two, backups, '--rules-only')).decisions.map(({ keep }: { keep: boolean }) => keep)).toEqual([true, true, false]);
  });

  test('exits 0 when it refuses, and keeps everything', async () => {
    const { decisions, refused } = await planned(POLICY, [{ id: 'late', takenAt: '2031-01-01T00:00:00Z', proof: 'L0' }, ...nights(9)]);
    expect(refused).toEqual({ guard: 'future-backup', message: expect.stringContaining('late'), hint: expect.any(String), ids: ['late'] });
    expect(decisions.every(({ keep }: { keep: boolean }) => keep)).toBe(true);
  });

  test('gives a braked plan a hash, the same for the same plan, another for another', async () => {
    const braked = async (count: number) => (await planned({ retention: { last: 3 } }, nights(count))).refused;
    const refused = await braked(20);
    expect(refused).toMatchObject({ guard: 'brake', planHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(refused.ids).toHaveLength(17);
    expect((await braked(20)).planHash).toBe(refused.planHash);
    expect((await braked(21)).planHash).not.toBe(refused.planHash);
  });

  test('--rules-only leaves out proof, floor, guards and brake', async () => {
    const backups = [{ id: 'late', takenAt: '2031-01-01T00:00:00Z', proof: 'L0' }, ...nights(40)];
    const { decisions, refused } = await planned({ last: 1 }, backups, '--rules-only');
    expect(refused).toBeNull();
    expect(decisions.filter(({ keep }: { keep: boolean }) => keep)).toEqual([{ id: 'late', keep: true, reasons: ['last snapshot'] }]);
  });

  test('plans as of now without --now', async () => {
    // The clock of the tests stands at 2026-11-22T10:00Z.
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'p'), JSON.stringify(POLICY));
    writeFileSync(join(cwd, 'b'), JSON.stringify([{ id: 'soon', takenAt: '2026-11-22T10:05:01Z', proof: 'L2' }, ...nights(3)]));
    const { stdout } = await hsmkeep(['retention', 'plan', '--policy', 'p', '--backups', 'b', '--json'], { cwd });
    expect(JSON.parse(stdout).refused.ids).toEqual(['soon']);
  });
});

describe('retention plan for people', () => {
  test('shows a table, a sum and a calendar in the policy’s zone', async () => {
    const { code, stdout } = await plan({ ...POLICY, timeZone: 'Europe/Berlin' }, nights(12));
    expect(code).toBe(0);
    expect(stdout).toContain('TAKEN (Europe/Berlin)  BACKUP       PROOF  DECISION  GOES        REASONS\n');
    expect(stdout).toContain('2026-02-08 03:00       night-02-08  L2     keep      2026-02-19  daily snapshot, newest proven, floor 3\n');
    expect(stdout).toContain('2026-02-01 03:00       night-02-01  L2     forget    2026-02-15  no rule keeps it\n');
    expect(stdout).toContain('12 backups: 4 kept, 8 forgotten.\n');
    expect(stdout).toContain('2026-W06  2026-02-02  0/1  0/1  0/1    1    1    1    1\n');
    expect(stdout).toContain('2026-W05  2026-01-26    .    .  0/1  0/1  0/1  0/1  0/1\n');
    expect(stdout).toContain('2026-01   0/4\n');
    expect(stdout).toContain(
      'A key destroyed now stays recoverable until 2026-02-19 if all backups hold it, until 2026-02-19 if only the newest does.\n',
    );
  });

  test('says so where no end is in sight, and foresees nothing by the rules alone', async () => {
    expect((await plan({ daily: 2, yearly: -1 }, nights(12))).stdout).toContain(
      'recoverable for as long as can be foreseen if all backups',
    );
    expect((await plan({ daily: 2 }, nights(12), '--rules-only')).stdout).not.toMatch(/GOES|recoverable/);
  });

  test('says what stopped it, and the hash to approve', async () => {
    const { stdout } = await plan({ last: 3 }, nights(20));
    expect(stdout).toContain(
      'Nothing may be deleted (brake): The plan would delete 17 backups at once; allowed are 10, and 50 % of the 20',
    );
    expect(stdout).toMatch(/Plan hash: [0-9a-f]{64}\n/);
  });

  test('says so when there are no backups', async () => {
    expect((await plan({ last: 3 }, [])).stdout).toContain('There are no backups.\n');
  });
});

describe('retention plan exits 2', () => {
  test('naming every mistake of both files, with its path', async () => {
    const policy = { retention: { daily: -4, within: '2w', dayly: 1 }, timeZone: 'Mars/Olympus', protect: { floor: 0 } };
    const backups = [
      { id: 'a', takenAt: '2026-02-30T00:00:00Z', proof: 'L9' },
      { id: 'a', takenAt: '2026-02-03T00:00:00', proof: 'L2', heldUntill: '2027-01-01T00:00:00Z' },
    ];
    const { code, stdout, stderr } = await plan(policy, backups);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const path of ['retention.daily', 'retention.within', 'retention.dayly', 'timeZone', 'protect.floor'])
      expect(stderr).toContain(`policy.json: ${path}: `);
    for (const path of ['[0].takenAt', '[0].proof', '[1].takenAt', '[1].heldUntill', '[1].id'])
      expect(stderr).toContain(`backups.json: ${path}: `);
    expect(stderr).toContain('"a" is also the id of [0]');
  });

  test.each([
    ['an empty policy', {}, [], 'no rule is on'],
    ['a policy of rules that are off', { retention: { last: 0, within: '0d' } }, [], 'no rule is on'],
    ['duplicate ids', { last: 1 }, [...nights(2), ...nights(1)], '[2].id: "night-02-08" is also the id of [0]'],
    ['a policy that is not JSON', '{', [], 'policy.json: is not JSON'],
    ['a policy that is a list', [], [], 'policy.json: the file: '],
    ['backups that are no list', { last: 1 }, { id: 'a' }, 'backups.json: the file: must be a list of backups'],
    ['backups that are nothing', { last: 1 }, [null], 'backups.json: [0]: '],
    ['rules in two places', { retention: { last: 1 }, daily: 1 }, [], 'policy.json: daily: is not a known field'],
  ])('for %s', async (_what, policy, backups, words) => {
    const { code, stdout, stderr } = await plan(policy, backups, '--rules-only');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  test('for a file that is not there, and for a file that was not named', async () => {
    const missing = await hsmkeep(['retention', 'plan', '--policy', 'none.json', '--backups', 'none.json']);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('none.json: cannot be read');
    expect((await hsmkeep(['retention', 'plan', '--policy', 'p.json'])).code).toBe(2);
  });

  test.each(['tomorrow', '2026-02-08', '2026-02-08T10:00:00'])('for --now %s', async (now) => {
    const { code, stderr } = await plan(POLICY, nights(1), '--now', now);
    expect(code).toBe(2);
    expect(stderr).toContain(`--now ${now} is not a time with an offset.`);
  });
});
