import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { blobNames, daysBefore, layOldBackup } from '../support/old-backups.ts';

const HSM = 'contoso-hsm';
const MARK = { run: `backup-${HSM}-20260101T0200Z`, reason: 'no rule keeps it' };

let stack: AppStack;
let now: string;
beforeAll(async () => {
  stack = await startAppStack({ hsm: { retention: { last: 2 }, protect: { floor: 2, undoDays: 2, maxDeleteShare: 1 }, prune: 'delete' } });
  now = (await stack.emulator.control.moveClock({ advanceMs: 0 })).now;
});
afterAll(() => stack?.stop());

const lay = (days: number, change: Parameters<typeof layOldBackup>[3] = {}) =>
  layOldBackup(stack.container(HSM), HSM, daysBefore(now, days), change);
const at = (folder: string, verb: string) => `/hsms/${HSM}/backups/${folder}/${verb}`;
const tomorrow = () => daysBefore(now, -1);

describe('holds and undo', () => {
  test('a held backup and one whose mark was taken away survive the night that would have deleted them', async () => {
    const marks = [{ ...MARK, at: daysBefore(now, 5) }];
    const [held, undone, due] = await Promise.all([lay(12, { marks }), lay(11, { marks }), lay(10, { marks }), lay(9), lay(8)]);

    const hold = await stack.api(at(held, 'hold'), { method: 'PUT', body: { until: tomorrow(), reason: 'audit' } });
    expect([hold.status, hold.body.record.holds]).toEqual([200, [{ by: 'alice@hsmkeep.example', until: tomorrow(), reason: 'audit' }]]);
    const undo = await stack.api(at(undone, 'undo'), { method: 'POST' });
    expect([undo.status, undo.body.record.marks]).toEqual([200, []]);

    const preview = await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST' });
    expect(preview.body).toMatchObject({
      mode: 'delete',
      refused: null,
      mark: [{ folder: undone }],
      lift: [held],
      prune: [{ folder: due }],
    });

    const run = await stack.runEnd(await stack.backupNow(HSM));
    expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { retention: { lifted: 1, pruned: 1 } } });
    expect(await blobNames(stack.container(HSM), `${due}/`)).toEqual([]);
    for (const folder of [held, undone]) expect((await blobNames(stack.container(HSM), `${folder}/`)).length).toBeGreaterThan(0);
  });

  test('a person holds a backup once, and release leaves what a restore holds', async () => {
    const ofRestore = { by: `restore-${HSM}-20260101T020000000Z`, until: tomorrow(), reason: 'the way back' };
    const folder = await lay(3, { holds: [ofRestore] });
    await stack.api(at(folder, 'hold'), { method: 'PUT', body: { until: tomorrow(), reason: 'first' } });
    const again = await stack.api(at(folder, 'hold'), { method: 'PUT', body: { until: tomorrow(), reason: 'second' } });
    expect(again.body.record.holds.map(({ reason }: { reason: string }) => reason)).toEqual(['the way back', 'second']);
    const released = await stack.api(at(folder, 'hold'), { method: 'DELETE' });
    expect(released.body.record.holds).toEqual([ofRestore]);
  });

  test('refuses what makes no sense, and who may not', async () => {
    const folder = await lay(2);
    const hold = (body: unknown, as = 'alice') => stack.api(at(folder, 'hold'), { method: 'PUT', body, as });
    expect((await hold({ until: daysBefore(now, 1), reason: 'late' })).status).toBe(400);
    expect((await hold({ until: 'tomorrow', reason: 'x' })).status).toBe(400);
    expect((await hold({ until: tomorrow(), reason: '' })).status).toBe(400);
    expect((await hold({ until: tomorrow(), reason: 'x' }, 'carol')).status).toBe(403);
    expect((await stack.api(at('mhsm-contoso-hsm-2020010102000000', 'undo'), { method: 'POST' })).status).toBe(404);
    expect((await stack.api(at('..%2Fother', 'undo'), { method: 'POST' })).status).toBe(404);
    const gone = await lay(20, { gone: { at: now, run: MARK.run } });
    expect((await stack.api(at(gone, 'undo'), { method: 'POST' })).status).toBe(410);
  });
});

describe('the preview', () => {
  test('tells what another policy would do, and changes nothing', async () => {
    const before = await blobNames(stack.container(HSM), '');
    const preview = await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST', body: { retention: { last: -1 } } });
    expect(preview.status).toBe(200);
    expect(preview.body.decisions.filter(({ keep }: { keep: boolean }) => !keep)).toEqual([]);
    const wrong = await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST', body: { retention: { dialy: 3 } } });
    expect(wrong.status).toBe(400);
    const empty = await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST', body: { retention: {} } });
    expect(empty.body.refused.guard).toBe('empty-policy');
    expect(await blobNames(stack.container(HSM), '')).toEqual(before);
  });

  test('tells of a record that storage does not bear out', async () => {
    const lost = await lay(5);
    for (const name of await blobNames(stack.container(HSM), `${lost}/`)) await stack.container(HSM).deleteBlob(name);
    const preview = await stack.api(`/hsms/${HSM}/retention/preview`, { method: 'POST' });
    expect(preview.body.refused).toMatchObject({ guard: 'records-disagree', ids: [lost] });
  });
});
