import { afterEach, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { jitterMinutes } from '../../src/domain/schedule.ts';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';

let stack: AppStack;
afterEach(() => stack?.stop());

const runsOf = async (kind: string): Promise<Run[]> => (await stack.api(`/runs?kind=${kind}`)).body.value;
const moveTo = (now: string) => stack.emulator.control.moveClock({ now });

describe('the five-minute timer', () => {
  test('starts the backup of the night and, an hour later, its pre-restore check', async () => {
    stack = await startAppStack({ hsm: { schedule: '0 0 2 * * *', jitterMinutes: 0, preRestore: 'nightly' } });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const idOf = (day: string) => `backup-contoso-hsm-${day.replaceAll('-', '')}T0200Z`;
    const id = idOf(tomorrow);
    await moveTo(`${tomorrow}T01:40:30.000Z`);
    // The night before is caught up first: a new HSM gets a backup at once.
    await stack.runEnd(idOf(new Date(Date.parse(tomorrow) - 1).toISOString().slice(0, 10)));

    const stopHurrying = stack.hurry(30_000);
    expect(await stack.runEnd(id)).toMatchObject({ status: 'Completed', startedAt: expect.stringMatching(`^${tomorrow}T02:0`) });
    const checked = await stack.runEnd(id.replace('backup', 'pre-restore'));
    await stopHurrying();
    expect(checked).toMatchObject({ status: 'Completed', startedAt: expect.stringMatching(`^${tomorrow}T03:0`), result: { proof: 'L2' } });

    expect((await stack.api('/hsms/contoso-hsm')).body).toMatchObject({ status: 'ok', newestProven: { proof: 'L2' } });
    // What the alerts outside the app live on.
    await until('the log to tell how the runs ended', async () =>
      ['backup', 'pre-restore'].every((kind) =>
        new RegExp(`run_ended\\W.*?kind\\W+${kind}\\W.*?status\\W+Completed`).test(stack.hostLog()),
      ),
    );
    await until('the log to tell the age', async () =>
      /newest_proven_age_hours\W+value\W+[\d.]+\W+hsm\W+contoso-hsm/.test(stack.hostLog()),
    );
    expect((await stack.api('/health', { as: null })).status).toBe(200);
  });

  test('takes no second backup when somebody asked for one after the planned instant', async () => {
    // The jitter of this name lets the schedule wait, so that somebody can be faster.
    expect(jitterMinutes('northwind', 15)).toBeGreaterThan(1);
    stack = await startAppStack({ hsms: ['northwind'], hsm: { schedule: '0 0 2 * * *', jitterMinutes: 15 } });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const planned = `backup-northwind-${tomorrow.replaceAll('-', '')}T0200Z`;
    await stack.killHost();
    await moveTo(`${tomorrow}T02:01:00.000Z`);
    await stack.startHost();
    const asked = await stack.runEnd(await stack.backupNow('northwind'));
    expect(asked.status).toBe('Completed');

    const stopHurrying = stack.hurry(30_000);
    await until('the schedule to take note', async () => {
      const schedule = await stack.document<{ lastStarts: Record<string, string> }>(stack.documents, 'index/schedule.json');
      return schedule?.lastStarts['backup/northwind'] === `${tomorrow}T02:00:00.000Z`;
    });
    await stopHurrying();
    expect((await runsOf('backup')).map(({ id }) => id)).not.toContain(planned);
  });

  test('catches up the latest missed night after the host was away, and one only', async () => {
    stack = await startAppStack({ hsm: { schedule: '0 0 2 * * *', jitterMinutes: 0 } });
    await stack.runEnd(await stack.backupNow('contoso-hsm'));
    await stack.killHost();
    const later = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    await moveTo(`${later}T09:00:00.000Z`);
    await stack.startHost();
    expect((await stack.api('/health', { as: null })).status).toBe(503);

    // The first tick may still find the run that was killed with the host under way, and leave the decision to the next.
    const stopHurrying = stack.hurry(30_000);
    expect(await stack.runEnd(`backup-contoso-hsm-${later.replaceAll('-', '')}T0200Z`)).toMatchObject({ status: 'Completed' });
    await stopHurrying();
    expect(await runsOf('backup')).toHaveLength(2);
  });
});
