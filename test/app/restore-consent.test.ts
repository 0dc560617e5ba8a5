import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RestorePlan } from '../../src/domain/restore/plan.ts';
import type { RestoreView } from '../../src/domain/restore/view.ts';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';
import { decide, execute, grantRestoreDuty, hsmOf, planRestore, restoresTaken, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 0.2 });
  await grantRestoreDuty(stack);
  await hsmOf(stack).createKey('payments');
  await takeBackup(stack);
});
afterAll(() => stack?.stop());

let plan: RestoreView;
beforeEach(async () => {
  plan = (await planRestore(stack)).body;
});

const stateOf = async (id = plan.id): Promise<string> => (await stack.api(`/restores/${id}`)).body.state;
const runOf = async (id = plan.id): Promise<Run | undefined> => {
  const answer = await stack.api(`/runs/${id}`);
  return answer.status === 200 ? (answer.body as Run) : undefined;
};
const waits = () => until('the run to wait', async () => (await runOf())?.status === 'Waiting');

describe('an approval', () => {
  let taken: number;
  beforeEach(async () => {
    taken = await restoresTaken(stack);
  });
  afterEach(async () => expect(await restoresTaken(stack)).toBe(taken));

  test('by another person makes the plan ready, and is kept', async () => {
    const answer = await decide(stack, plan);
    expect(answer.body).toMatchObject({ state: 'approved', decision: { verdict: 'approved', by: expect.stringContaining('bob') } });
    expect(await stateOf()).toBe('approved');
  });

  test.each([
    ['alice', 403],
    ['carol', 403],
    ['root', 403],
  ])('by %s, who is no approver, is refused', async (as, status) => {
    expect((await decide(stack, plan, 'approve', as)).status).toBe(status);
    expect(await stateOf()).toBe('planned');
  });

  test('by whoever asked for the restore is refused, also with the role', async () => {
    const path = `plans/${plan.id}.json`;
    const stored = await stack.document<RestorePlan>(stack.documents, path);
    const bob = JSON.parse(
      Buffer.from((await stack.emulator.control.userToken({ user: 'bob' })).split('.')[1] ?? '', 'base64url').toString(),
    );
    const text = JSON.stringify({ ...stored, requestedBy: { oid: bob.oid, name: 'bob' } });
    await stack.documents.getBlockBlobClient(path).upload(text, text.length);
    expect((await decide(stack, plan)).body).toMatchObject({ status: 403, detail: expect.stringContaining('cannot approve it as well') });
    expect(await stateOf()).toBe('planned');
  });

  test('by an app is refused, whatever roles it has', async () => {
    const { clientId } = await stack.emulator.control.principal({ name: 'robot', appRoles: ['restore.approver'] });
    const token = await stack.emulator.token('api://hsmkeep', clientId);
    const answer = await stack.api(`/restores/${plan.id}/approve`, { method: 'POST', token, body: { hash: plan.hash } });
    expect(answer.body).toMatchObject({ status: 403, detail: expect.stringContaining('no person behind it') });
    expect(await stateOf()).toBe('planned');
  });

  test('with a forged token is refused', async () => {
    const [header, , signature] = (await stack.emulator.control.userToken({ user: 'bob' })).split('.');
    const payload = Buffer.from(JSON.stringify({ oid: 'x', roles: ['restore.approver'] })).toString('base64url');
    const token = `${header}.${payload}.${signature}`;
    expect((await stack.api(`/restores/${plan.id}/approve`, { method: 'POST', token, body: { hash: plan.hash } })).status).toBe(401);
    expect(await stateOf()).toBe('planned');
  });

  test('of another hash is refused', async () => {
    expect((await decide(stack, { id: plan.id, hash: 'f'.repeat(64) })).status).toBe(409);
    expect(await stateOf()).toBe('planned');
  });

  test('of no restore, or of another document, is not found', async () => {
    for (const id of ['restore-contoso-hsm-20200101T000000000Z', 'backup-contoso-hsm-20200101T0000Z', '..%2Flocks%2Fcontoso-hsm'])
      expect((await decide(stack, { id, hash: plan.hash })).status).toBe(404);
  });

  test('is the first word and the last', async () => {
    expect((await decide(stack, plan, 'reject')).body).toMatchObject({ state: 'rejected' });
    expect((await decide(stack, plan)).body).toMatchObject({ status: 409, detail: expect.stringContaining('rejected this plan') });
    expect((await execute(stack, plan)).status).toBe(409);
  });

  test('of a plan that was changed in storage is refused', async () => {
    const path = `plans/${plan.id}.json`;
    const stored = await stack.document<RestorePlan>(stack.documents, path);
    const text = JSON.stringify({ ...stored, folder: 'mhsm-contoso-hsm-2020010100000000' });
    await stack.documents.getBlockBlobClient(path).upload(text, text.length);
    expect((await decide(stack, plan)).text).toContain('was changed after it was written');
  });
});

describe('an execution', { timeout: 120_000 }, () => {
  test.each(['bob', 'carol', 'root'])('by %s, who may not ask for restores, is refused', async (as) => {
    expect((await execute(stack, plan, as)).status).toBe(403);
  });

  test('of another hash is refused', async () => {
    expect((await execute(stack, { id: plan.id, hash: 'f'.repeat(64) })).status).toBe(409);
  });

  test('waits for the approval, believes no event, and goes on when somebody approves', async () => {
    const before = await restoresTaken(stack);
    expect((await execute(stack, plan)).status).toBe(202);
    await waits();
    const turns = await stack.activityTurns(plan.id);
    await stack.raiseEvent(plan.id, 'restoreDecided', { approvalId: plan.id });
    await stack.raiseEvent(plan.id, 'restoreDecided', { verdict: 'approved', by: 'mallory' });
    // Each makes the run look at what is stored.
    await until('the events to be taken', async () => (await stack.activityTurns(plan.id)) >= turns + 2);
    expect(await runOf()).toMatchObject({ status: 'Waiting', steps: [{ name: 'Approval' }] });
    expect(await restoresTaken(stack)).toBe(before);

    const stopHurrying = stack.hurry(500);
    await decide(stack, plan);
    const run = await stack.runEnd(plan.id);
    await stopHurrying();
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    expect(await restoresTaken(stack)).toBe(before + 1);
    expect((await execute(stack, plan)).body).toMatchObject({ status: 409, detail: expect.stringContaining('carried out once') });
  });

  test('that waits ends when the plan is rejected', async () => {
    const before = await restoresTaken(stack);
    await execute(stack, plan);
    await waits();
    await decide(stack, plan, 'reject');
    expect(await stack.runEnd(plan.id)).toMatchObject({
      status: 'Failed',
      steps: [{ name: 'Approval', message: expect.stringContaining('rejected') }],
    });
    expect(await restoresTaken(stack)).toBe(before);
  });

  test('asked for twice is one run', async () => {
    const stopHurrying = stack.hurry(500);
    await decide(stack, plan);
    const before = await restoresTaken(stack);
    const answers = await Promise.all([execute(stack, plan), execute(stack, plan)]);
    expect(answers.some(({ status }) => status === 202)).toBe(true);
    expect((await stack.runEnd(plan.id)).status).toBe('Completed');
    await stopHurrying();
    expect(await restoresTaken(stack)).toBe(before + 1);
  });

  test('is refused when it would destroy more than was approved, and goes on when less', async () => {
    await decide(stack, plan);
    await hsmOf(stack).createKey('unforeseen');
    expect((await execute(stack, plan)).body).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/The plan changed.*keys\/unforeseen\/.*Nothing was done/),
    });
    await hsmOf(stack).deleteKey('unforeseen');
    await hsmOf(stack).purgeKey('unforeseen');
    const stopHurrying = stack.hurry(500);
    expect((await execute(stack, plan)).status).toBe(202);
    expect((await stack.runEnd(plan.id)).status).toBe('Completed');
    await stopHurrying();
  });

  test('finds under its lock what came up in the last moment', async () => {
    const before = await restoresTaken(stack);
    await execute(stack, plan);
    await waits();
    await hsmOf(stack).createKey('last-moment');
    const stopHurrying = stack.hurry(500);
    await decide(stack, plan);
    const run = await stack.runEnd(plan.id);
    await stopHurrying();
    expect(run.steps.at(-1)).toMatchObject({ name: 'Plan again', status: 'Failed', message: expect.stringContaining('keys/last-moment/') });
    expect(await restoresTaken(stack)).toBe(before);
    expect(await hsmOf(stack).keys()).toContain('last-moment');
  });

  test('is refused while a backup or another restore works on the HSM, and so is a backup during a restore', async () => {
    await decide(stack, plan);
    const backup = await stack.backupNow(HSM);
    await until('the backup to hold the lock', async () => Boolean(await stack.document(stack.documents, `locks/${HSM}.json`)));
    expect((await execute(stack, plan)).body).toMatchObject({ status: 409, detail: expect.stringContaining(backup) });
    const stopHurrying = stack.hurry(500);
    await stack.runEnd(backup);

    const other = (await planRestore(stack)).body as RestoreView;
    await decide(stack, other);
    expect((await execute(stack, plan)).status).toBe(202);
    expect((await execute(stack, other)).body).toMatchObject({ status: 409, detail: expect.stringContaining(plan.id) });
    const folders = (await stack.folders(HSM)).length;
    await until('the restore to hold the lock', async () => {
      // It may be read while it is written.
      const lock = await stack.document<{ owner: string }>(stack.documents, `locks/${HSM}.json`).catch(() => undefined);
      return lock?.owner === plan.id;
    });
    const refused = await stack.api(`/hsms/${HSM}/backups`, { method: 'POST' });
    expect(refused.body).toMatchObject({
      status: 409,
      detail: `${plan.id} works on ${HSM} now.`,
      hint: expect.stringContaining('run show'),
    });
    const restored = await stack.runEnd(plan.id);
    await stopHurrying();
    expect(restored.status, JSON.stringify(restored.steps)).toBe('Completed');
    // The safety backup, and none that somebody asked for.
    expect(await stack.folders(HSM)).toHaveLength(folders + 1);
  });
});

test('a plan expires: it can be neither approved nor carried out', { timeout: 60_000 }, async () => {
  const waiting = plan;
  await execute(stack, waiting);
  await waits();
  const approved = (await planRestore(stack)).body as RestoreView;
  await decide(stack, approved);

  await stack.emulator.control.moveClock({ advanceMs: 4 * 3_600_000 + 60_000 });
  expect(await stack.runEnd(waiting.id)).toMatchObject({ status: 'Failed', steps: [{ message: expect.stringContaining('expired') }] });
  expect(await stateOf(waiting.id)).toBe('expired');
  expect((await decide(stack, waiting)).status).toBe(410);
  expect((await execute(stack, approved)).status).toBe(410);
});
