import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';
import { decide, execute, grantRestoreDuty, hsmOf, planRestore, restoresTaken, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';
const FOREIGN = 'contoso-foreign';

let stack: AppStack;
let stopHurrying: () => Promise<void>;
let folder: string;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1, hsms: [HSM, FOREIGN], domains: { [FOREIGN]: 'apac' } });
});
afterAll(() => stack?.stop());
beforeEach(async () => {
  await grantRestoreDuty(stack);
  stopHurrying = stack.hurry(10_000);
  folder = await takeBackup(stack);
  await hsmOf(stack).createKey(`newcomer-${folder.slice(-16)}`);
});
afterEach(async () => {
  await stopHurrying();
  await stack.emulator.control.clearFaults();
});

const fault = (method: string, path: string, rest: object) => stack.emulator.control.fault({ match: { host: HSM, method, path }, ...rest });
const newcomer = () => `newcomer-${folder.slice(-16)}`;
const worst = (run: Run) =>
  run.steps.findLast(({ status }) => status === 'Failed') ?? run.steps.findLast(({ status }) => status === 'Degraded');

/** Plans and approves, lets a fault in, executes. */
async function restoreUnder(letIn: () => Promise<unknown>, body: object = {}): Promise<Run> {
  const planned = await planRestore(stack, { selector: { folder }, ...body });
  expect(planned.status, planned.text).toBe(201);
  await decide(stack, planned.body);
  await letIn();
  const started = await execute(stack, planned.body);
  expect(started.status, started.text).toBe(202);
  return stack.runEnd(planned.body.id);
}

/**
 * Plans, approves, executes, and has the polls of the restore answered with something else. The check before it is polled under the same path,
 * so the HSM is busy for a while in between.
 */
async function restorePolledWith(answer: Readonly<{ status: number; body: object }>, body: object = {}): Promise<Run> {
  const planned = await planRestore(stack, { selector: { folder }, ...body });
  await decide(stack, planned.body);
  const busy = { error: { code: '409', message: 'Another backup operation is in progress.' } };
  for (const path of ['/restore', '/keys/*/restore']) await fault('PUT', path, { times: 5, action: 'answer', status: 409, body: busy });
  await execute(stack, planned.body);
  await until('the restore to be asked for', async () => {
    const shown = (await stack.api(`/runs/${planned.body.id}`)).body as Run;
    return shown.steps?.at(-1)?.name === 'Start';
  });
  await fault('GET', '/restore/*/pending', { times: 1, action: 'answer', ...answer });
  return stack.runEnd(planned.body.id);
}

const takenAt = async (of: string): Promise<string | undefined> =>
  (await stack.document<{ takenAt: string }>(stack.container(HSM), `hsmkeep/${HSM}/${of}.json`))?.takenAt;

async function expectTold(run: Run, status: Run['status'], words: RegExp): Promise<void> {
  expect(run, JSON.stringify(run.steps, null, 1)).toMatchObject({ status, endedAt: expect.any(String) });
  expect(worst(run)?.message, JSON.stringify(run.steps, null, 1)).toMatch(words);
  expect(worst(run)?.hint).toMatch(/\w/);
  expect(JSON.stringify(run)).not.toMatch(/sig=|eyJ|AccountKey/);
  expect(await stack.document(stack.documents, `locks/${HSM}.json`)).toBeUndefined();
}

describe('a restore', { timeout: 120_000 }, () => {
  test('whose answer is lost runs once: what the HSM holds shows that it went through', async () => {
    const run = await restoreUnder(() => fault('PUT', '/restore', { times: 1, action: 'dropAfter' }));
    await expectTold(run, 'Degraded', /answer .* was lost; what it holds shows that the restore went through/);
    expect(run.result).toMatchObject({ restored: true });
    expect(await hsmOf(stack).keys()).not.toContain(newcomer());
    // The one that was dropped has no status in the log; no other was sent.
    expect((await requestsTo('/restore')).length).toBe(1);
  });

  test('whose request never arrived is sent again, once it is known that nothing came of it', async () => {
    const run = await restoreUnder(() => fault('PUT', '/restore', { times: 1, action: 'dropBefore' }));
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    expect(run.steps.find(({ name }) => name === 'Find out')?.message).toContain('was not touched');
    expect(await hsmOf(stack).keys()).not.toContain(newcomer());
  });

  test('whose answer is lost and that nobody may look at is not sent again', async () => {
    await grantRestoreDuty(stack, ['Restore User']);
    const blind = await restoreUnder(() => fault('PUT', '/restore', { times: 1, action: 'dropAfter' }));
    await expectTold(blind, 'Degraded', /whether it was restored is not known\. It was not started again/);
    expect((await requestsTo('/restore')).length).toBe(1);
  });

  test('of an HSM that is busy waits until it is not', async () => {
    const body = { error: { code: '409', message: 'Another backup operation is in progress.' } };
    const run = await restoreUnder(() => fault('PUT', '/restore', { times: 3, action: 'answer', status: 409, body }));
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
  });

  test('of an HSM that is busy until the deadline ends with a definite answer: nothing was started', async () => {
    const body = { error: { code: '409', message: 'Another backup operation is in progress.' } };
    await stopHurrying();
    stopHurrying = stack.hurry(60_000);
    const before = await restoresTaken(stack);
    const run = await restoreUnder(() => fault('PUT', '/restore', { times: 100, action: 'answer', status: 409, body }));
    await expectTold(run, 'Failed', /kept contoso-hsm busy for \d+ minutes: the restore was not started, and nothing was changed/);
    expect(worst(run)?.hint).toContain(`hsmkeep restore plan ${HSM} --folder ${folder}`);
    expect(run.steps.map(({ name }) => name)).not.toContain('Find out');
    expect(await restoresTaken(stack)).toBe(before);
  });

  test('of a backup that the HSM finds too young is offered again when it is 30 minutes old', async () => {
    const error = { code: 'BackupTooRecent', message: 'It can be restored once it is 1800 s old.', innererror: null };
    const body = { status: 'Failed', statusDetails: 'BackupTooRecent', error, jobId: 'x', startTime: 1, endTime: 2 };
    await stopHurrying();
    stopHurrying = stack.hurry(1_000);
    const planned = await planRestore(stack, { selector: { folder } });
    await decide(stack, planned.body);
    await fault('GET', '/restore/*/pending', { times: 1, action: 'answer', status: 200, body });
    await execute(stack, planned.body);
    await until('the countdown to be shown', async () => {
      const shown = (await stack.api(`/runs/${planned.body.id}`)).body as Run;
      return /offered again when it is 30 minutes old, at \d{4}-/.test(shown.steps?.at(-1)?.message ?? '');
    });
    await stopHurrying();
    stopHurrying = stack.hurry(60_000);
    const run = await stack.runEnd(planned.body.id);
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    const checks = run.steps.filter(({ name }) => name === 'Pre-restore check');
    expect(checks).toHaveLength(2);
    const oldEnough = Date.parse(checks[1]?.startedAt ?? '') - Date.parse(String((await takenAt(folder)) ?? ''));
    expect(oldEnough).toBeGreaterThanOrEqual(30 * 60_000);
  });

  test('that the HSM declines at once ends with its reason', async () => {
    const message = 'The customer provided SAS token is malformed. The SAS token does not contain the expiry field';
    const body = { error: { code: 'BadRequest', message, innererror: null } };
    const run = await restoreUnder(() => fault('PUT', '/restore', { times: 1, action: 'answer', status: 400, body }));
    await expectTold(run, 'Failed', /does not contain the expiry field/);
    expect(await hsmOf(stack).keys()).toContain(newcomer());
  });

  test.each([
    ['as Failed in the poll', 200],
    ['as a 400 of the poll', 400],
  ])('that fails after it was taken, %s, ends with the reason and the way back', async (_where, status) => {
    const error = { code: 'AuthorizationFailure', message: 'This request is not authorized.', innererror: null };
    const failed = { status: 'Failed', statusDetails: 'AuthorizationFailure', error, jobId: 'x', startTime: 1, endTime: 2 };
    const body = status === 200 ? failed : { error };
    const run = await restorePolledWith({ status, body });
    await expectTold(run, 'Failed', /restore on contoso-hsm failed \(AuthorizationFailure/);
    expect(worst(run)?.hint).toMatch(/as it was before is in mhsm-contoso-hsm-\d{16}/);
  });

  test('of a folder with a flipped byte fails, and what was there stays', async () => {
    const run = await restoreUnder(async () => {
      for await (const { name } of stack.container(HSM).listBlobsFlat({ prefix: `${folder}/` })) {
        if (/\/(header|end)\.json$/.test(name)) continue;
        const blob = stack.container(HSM).getBlockBlobClient(name);
        const bytes = await blob.downloadToBuffer();
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        await blob.upload(bytes, bytes.byteLength);
      }
    });
    await expectTold(run, 'Failed', /restore on contoso-hsm failed/);
    expect(await hsmOf(stack).keys()).toContain(newcomer());
  });

  test('of a folder that lost a blob is refused in the plan', async () => {
    const blob = stack.container(HSM).getBlockBlobClient(`${folder}/data-00001.bin`);
    const bytes = await blob.downloadToBuffer();
    await blob.delete();
    const { body } = await planRestore(stack, { selector: { folder } });
    expect(body.preflights).toContainEqual(expect.objectContaining({ name: 'storage', status: 'failed' }));
    expect((await decide(stack, body)).status).toBe(409);
    // Retention would tell of it with each backup that follows.
    await blob.upload(bytes, bytes.byteLength);
  });

  test('into an HSM of another security domain is found by its pre-restore check, before anything is destroyed', async () => {
    const before = await hsmOf(stack, FOREIGN).keys();
    const run = await restoreUnder(async () => undefined, { target: FOREIGN });
    await expectTold(run, 'Failed', /pre-restore check on contoso-foreign failed/);
    expect(await hsmOf(stack, FOREIGN).keys()).toEqual(before);
    expect(await restoresTaken(stack, FOREIGN)).toBe(0);
  });

  test('without a safety backup is not begun', async () => {
    const body = {
      error: { code: 'AccessDenied', message: 'Not authorized to access Microsoft.KeyVault/managedHsm/backup/start/action on /' },
    };
    const before = await restoresTaken(stack);
    const run = await restoreUnder(() => fault('POST', '/backup', { times: 1, action: 'answer', status: 403, body }));
    await expectTold(run, 'Failed', /no safety backup of contoso-hsm, so the restore was not begun/);
    expect(await restoresTaken(stack)).toBe(before);
  });

  test('of one key of which no version was restored is a failure', async () => {
    await hsmOf(stack).createKey('single');
    folder = await takeBackup(stack);
    await hsmOf(stack).deleteKey('single');
    await hsmOf(stack).purgeKey('single');
    const statusDetails = 'Number of successful key versions restored: 0, Number of key versions could not overwrite: 1';
    const body = { status: 'Succeeded', statusDetails, error: null, jobId: 'x', startTime: 1, endTime: 2 };
    const run = await restorePolledWith({ status: 200, body }, { scope: { key: 'single' } });
    await expectTold(run, 'Failed', /restored no version of key single/);
  });
});

/** Requests of the latest restore; a dropped one has no status. */
async function requestsTo(path: string) {
  const requests = (await stack.emulator.control.requests()).filter(({ host }) => host === HSM);
  const latest = requests.findLastIndex(({ method, path: at }) => method === 'POST' && at === '/backup');
  // A client's first request is an unauthenticated one.
  return requests.slice(latest).filter(({ path: at, status }) => at === path && status !== 401);
}
