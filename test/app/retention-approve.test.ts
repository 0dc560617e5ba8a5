import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run, Step } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { daysBefore, layOldBackup } from '../support/old-backups.ts';

const HSM = 'contoso-hsm';
const DAY_MS = 86_400_000;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({
    hsm: { retention: { last: 2 }, protect: { floor: 2, maxDeletesPerRun: 3, maxDeleteShare: 1 }, prune: 'mark' },
  });
});
afterAll(() => stack?.stop());

const advance = async (ms: number): Promise<string> => (await stack.emulator.control.moveClock({ advanceMs: ms })).now;
const lay = async (...days: number[]): Promise<void> => {
  const now = await advance(0);
  await Promise.all(days.map((day) => layOldBackup(stack.container(HSM), HSM, daysBefore(now, day))));
};
const night = async (): Promise<Run> => stack.runEnd(await stack.backupNow(HSM));
const retention = ({ steps }: Run): Step | undefined => steps.find(({ name }) => name === 'Retention');
const approve = (body: unknown, as = 'root') => stack.api(`/hsms/${HSM}/retention/approve`, { method: 'POST', body, as });
const preview = async () => (await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST' })).body;

describe('what the brake stopped', () => {
  test('goes once an administrator has approved exactly that plan, and only once', async () => {
    expect((await approve({ planHash: '0'.repeat(64) })).body).toMatchObject({
      status: 409,
      detail: expect.stringContaining('Nothing waits'),
    });
    await lay(30, 29, 28, 27, 26, 25);
    const stopped = await night();
    expect(stopped.status).toBe('Degraded');
    const { refused } = await preview();
    expect(retention(stopped)?.hint).toContain(`hsmkeep retention approve ${HSM} --hash ${refused.planHash}`);
    expect(refused.ids).toHaveLength(5);

    for (const as of ['alice', 'bob', 'carol']) expect((await approve({ planHash: refused.planHash }, as)).status).toBe(403);
    expect((await approve({ planHash: 'x' })).status).toBe(400);
    const stale = await approve({ planHash: refused.planHash.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0')) });
    expect(stale.body).toMatchObject({ status: 409, detail: expect.stringContaining(refused.planHash) });

    const approved = await approve({ planHash: refused.planHash, note: 'ticket 42' });
    expect(approved.body, approved.text).toMatchObject({
      hsm: HSM,
      ids: refused.ids,
      by: { name: 'root@hsmkeep.example' },
      note: 'ticket 42',
    });
    expect((await preview()).approval).toMatchObject({ planHash: refused.planHash });

    const done = await night();
    expect(done, JSON.stringify(done.steps)).toMatchObject({ status: 'Completed', result: { retention: { marked: 6 } } });
    expect(retention(done)?.message).toContain('as root@hsmkeep.example approved');

    await lay(24, 23, 22, 21);
    const again = await night();
    expect(retention(again)).toMatchObject({ status: 'Degraded', message: expect.stringContaining('at once') });
    expect((await preview()).approval).toBeNull();
  });

  test('stays when the approval has expired', async () => {
    const { refused } = await preview();
    expect((await approve({ planHash: refused.planHash })).status).toBe(200);
    await advance(9 * DAY_MS);
    expect(await preview()).toMatchObject({ approval: null, refused: { guard: 'brake', planHash: refused.planHash } });
  });
});
