import { inspect } from 'node:util';
import type { AbortSignalLike } from '@azure/abort-controller';
import type { RestError } from '@azure/core-rest-pipeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyVaultBackupClient } from '../../../src/clients/keyvault-admin/index.ts';
import {
  countingCredential,
  LOCAL_OPTIONS,
  PUBLIC_URL,
  publicOptions,
  type Script,
  type ScriptedHsm,
  startScriptedHsm,
} from './scripted-hsm.ts';
import { accepted, CONTAINER, FAILED, FOLDER_URI, JOB_ID, jobScript, SUCCEEDED, wireJob } from './scripted-jobs.ts';

const SAS = 'sv=2024-11-04&sr=c&sig=c2lnbmF0dXJlJTNE&se=2030-01-01';

let hsm: ScriptedHsm;
let answer: Script;
const client = (options = {}) => new KeyVaultBackupClient(hsm.url, countingCredential(), { ...LOCAL_OPTIONS, ...options });

beforeEach(async () => {
  hsm = await startScriptedHsm((request, url) => answer(request, url));
});
afterEach(() => hsm.stop());

describe('poll', () => {
  test('asks once and shows the job as the HSM described it', async () => {
    answer = jobScript({}, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER);
    expect(poller.getOperationState()).toMatchObject({ status: 'running', jobId: JOB_ID, isStarted: true, isCompleted: false });
    expect(poller.getResult()).toBeUndefined();

    await poller.poll();
    expect(poller.isDone()).toBe(false);
    expect(poller.getOperationState().endTime).toBeUndefined();
    expect(hsm.authorized()).toHaveLength(2);

    await poller.poll();
    expect(poller.isDone()).toBe(true);
    expect(poller.getOperationState()).toMatchObject({ status: 'succeeded', isCompleted: true, endTime: new Date('2025-01-02T03:04:15Z') });
    expect(poller.getResult()).toEqual({
      folderUri: FOLDER_URI,
      startTime: new Date('2025-01-02T03:04:05Z'),
      endTime: new Date('2025-01-02T03:04:15Z'),
    });
  });

  test('after the end asks no more', async () => {
    answer = jobScript(SUCCEEDED);
    const poller = await client().beginRestore(FOLDER_URI);
    await poller.poll();
    await poller.poll();
    expect(await poller.pollUntilDone()).toEqual({
      startTime: new Date('2025-01-02T03:04:05Z'),
      endTime: new Date('2025-01-02T03:04:15Z'),
    });
    expect(hsm.authorized().map(({ method, path }) => `${method} ${path}`)).toEqual(['PUT /restore', `GET /restore/${JOB_ID}/pending`]);
  });

  test("rejects with the failed job's error, code and inner reason included", async () => {
    answer = jobScript(FAILED);
    const poller = await client().beginPreBackup(CONTAINER);
    await expect(poller.poll()).rejects.toThrow(/The long-running operation has failed.*The token is malformed.*Deeper reason/);
    expect(poller.isDone()).toBe(true);
    expect(poller.getOperationState()).toMatchObject({ status: 'failed', isCompleted: true, statusDetails: 'Invalid Request' });
    await expect(poller.pollUntilDone()).rejects.toThrow(/malformed/);
    expect(hsm.authorized()).toHaveLength(2);
  });

  test('finds the reason of a failed job in its details when its error is made of nulls', async () => {
    const error = { code: null, message: null, innererror: null };
    answer = jobScript({ error }, { status: 'Failed', statusDetails: 'Invalid backup provided', error });
    const poller = await client().beginRestore(FOLDER_URI);
    await poller.poll();
    await expect(poller.poll()).rejects.toThrow(/Invalid backup provided/);
  });

  test('keeps the code of a failed job that gives no message', async () => {
    answer = jobScript({ status: 'Failed', error: { code: 'ContainerNotFound', message: '', innererror: null } });
    const poller = await client().beginBackup(CONTAINER);
    await expect(poller.poll()).rejects.toThrow(/ContainerNotFound/);
  });

  test('rejects when the job was cancelled', async () => {
    answer = jobScript({ status: 'Canceled', endTime: 1_735_787_046 });
    const poller = await client().beginBackup(CONTAINER);
    await expect(poller.poll()).rejects.toThrow(/cancell?ed/);
    expect(poller.getOperationState()).toMatchObject({ status: 'canceled', isCompleted: true });
  });

  test('takes 400 to a poll for the failure of the job', async () => {
    answer = jobScript({ status: 400, body: { error: { code: 'BadRequest', innererror: null, message: 'no expiry field' } } });
    const poller = await client().beginBackup(CONTAINER);
    await expect(poller.poll()).rejects.toThrow(/no expiry field/);
    expect(poller.getOperationState().status).toBe('failed');
  });

  test.each([403, 404, 409, 501])('rejects on %s with the outcome left open, and can ask again', async (status) => {
    answer = jobScript({ status, body: { error: { code: 'Odd', message: 'Not now' } } }, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER);
    await expect(poller.poll()).rejects.toMatchObject({ name: 'RestError', statusCode: status, code: 'Odd', message: 'Not now' });
    expect(poller.getOperationState().status).toBe('running');
    expect(poller.isDone()).toBe(false);

    await poller.poll();
    expect(poller.getOperationState().status).toBe('succeeded');
  });

  test.each([
    ['an empty object', {}],
    ['a text', 'Welcome to the guest network'],
    ['nothing', undefined],
  ])('does not take %s for a finished job', async (_what, body) => {
    answer = jobScript({ status: 200, body });
    const poller = await client().beginBackup(CONTAINER);
    await expect(poller.poll()).rejects.toThrow('does not describe a job');
    expect(poller.getOperationState().status).toBe('running');
  });

  test('ends with its signal and leaves the job running', async () => {
    const controller = new AbortController();
    answer = ({ method }, url) => {
      if (method === 'POST') return accepted(url);
      controller.abort();
      return 'hang';
    };
    const poller = await client().beginBackup(CONTAINER);
    await expect(poller.poll({ abortSignal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(poller.getOperationState().status).toBe('running');
  });

  test('tells whoever listens, until they take their callback off', async () => {
    answer = jobScript({}, {}, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER);
    const seen: string[] = [];
    const cancel = poller.onProgress(({ status }) => seen.push(status));
    await poller.poll();
    cancel();
    await poller.poll();
    expect(seen).toEqual(['running']);
  });
});

describe('pollUntilDone', () => {
  test('polls until the job has ended', async () => {
    answer = jobScript({}, {}, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER, { intervalInMs: 1 });
    expect(await poller.pollUntilDone()).toMatchObject({ folderUri: FOLDER_URI });
    expect(hsm.authorized()).toHaveLength(4);
  });

  test('waits as long as the HSM asks for', async () => {
    answer = jobScript({ status: 200, headers: { 'retry-after': '0.001' }, body: wireJob() }, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER, { intervalInMs: 3_600_000 });
    expect(await poller.pollUntilDone()).toMatchObject({ folderUri: FOLDER_URI });
  });

  test('a pre-backup check leaves no folder', async () => {
    answer = jobScript({ ...SUCCEEDED, azureStorageBlobContainerUri: null });
    const poller = await client().beginPreBackup(CONTAINER);
    expect(await poller.pollUntilDone()).not.toHaveProperty('folderUri');
  });

  test('is ended by stopPolling, and the job can still be asked about', async () => {
    answer = jobScript({}, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER, { intervalInMs: 3_600_000 });
    poller.onProgress(() => poller.stopPolling());
    await expect(poller.pollUntilDone()).rejects.toMatchObject({ name: 'AbortError' });
    expect(poller.isStopped()).toBe(true);
    expect(poller.isDone()).toBe(false);
    await expect(poller.pollUntilDone()).rejects.toMatchObject({ name: 'AbortError' });

    await poller.poll();
    expect(poller.getResult()).toMatchObject({ folderUri: FOLDER_URI });
  });

  test('can be called again after its signal ended it', async () => {
    answer = jobScript({}, SUCCEEDED);
    const poller = await client().beginBackup(CONTAINER, { intervalInMs: 3_600_000 });
    const controller = new AbortController();
    poller.onProgress(() => controller.abort());
    await expect(poller.pollUntilDone({ abortSignal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(poller.isStopped()).toBe(false);
    expect(await poller.pollUntilDone()).toMatchObject({ folderUri: FOLDER_URI });
  });

  test('takes any signal of the Azure interface', async () => {
    answer = jobScript({});
    let abort = () => {};
    const foreign: AbortSignalLike = {
      aborted: false,
      addEventListener: (_type, listener) => {
        abort = () => listener.call(foreign, undefined);
      },
      removeEventListener: () => {},
    };
    const poller = await client().beginBackup(CONTAINER, { intervalInMs: 3_600_000 });
    poller.onProgress(() => abort());
    await expect(poller.pollUntilDone({ abortSignal: foreign })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('resumeFrom', () => {
  test('goes on watching the same job without starting anything', async () => {
    answer = jobScript({}, SUCCEEDED);
    const first = await client().beginBackup(CONTAINER, SAS);
    await first.poll();
    const resumed = await client().beginBackup(CONTAINER, { resumeFrom: first.toString() });
    expect(resumed.getOperationState()).toMatchObject({ status: 'running', jobId: JOB_ID, isStarted: true });

    expect(await resumed.pollUntilDone()).toMatchObject({ folderUri: FOLDER_URI });
    expect(hsm.authorized().filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('works from a poller that was not polled yet', async () => {
    answer = jobScript(SUCCEEDED);
    const first = await client().beginSelectiveKeyRestore('payroll', FOLDER_URI);
    const resumed = await client().beginSelectiveKeyRestore('payroll', FOLDER_URI, { resumeFrom: first.toString() });
    await resumed.pollUntilDone();
    expect(hsm.authorized().map(({ path }) => path)).toEqual(['/keys/payroll/restore', `/restore/${JOB_ID}/pending`]);
  });

  test('brings a finished job back with dates as dates', async () => {
    answer = jobScript(SUCCEEDED);
    const first = await client().beginBackup(CONTAINER);
    const result = await first.pollUntilDone();
    const resumed = await client().beginBackup(CONTAINER, { resumeFrom: first.toString() });
    expect(await resumed.pollUntilDone()).toEqual(result);
    expect(resumed.getOperationState()).toEqual(first.getOperationState());
    expect(resumed.getOperationState().startTime).toBeInstanceOf(Date);
    expect(hsm.authorized()).toHaveLength(2);
  });

  test('brings a failed job back with its error', async () => {
    answer = jobScript(FAILED);
    const first = await client().beginBackup(CONTAINER);
    await expect(first.poll()).rejects.toThrow();
    const resumed = await client().beginBackup(CONTAINER, { resumeFrom: first.toString() });
    await expect(resumed.pollUntilDone()).rejects.toThrow(/The token is malformed/);
  });

  test.each(['', 'null', '{}', '{"state":{}}', '{"state":{"config":{"operationLocation":7}}}', 'secret-text'])(
    'refuses %j without quoting it',
    async (text) => {
      const refusal = client().beginBackup(CONTAINER, { resumeFrom: text });
      await expect(refusal).rejects.toThrow("resumeFrom is not what a poller's toString() gave.");
      expect(hsm.requests).toHaveLength(0);
    },
  );

  test('does not follow a state to another host', async () => {
    const resumeFrom = JSON.stringify({ state: { config: { operationLocation: 'https://elsewhere.example/backup/1/pending' } } });
    const strict = new KeyVaultBackupClient(PUBLIC_URL, countingCredential(), publicOptions(hsm));
    await expect(strict.beginBackup(CONTAINER, { resumeFrom })).rejects.toThrow('another HSM');
    expect(hsm.requests).toHaveLength(0);
  });
});

describe('where the job is watched', () => {
  test('is the documented place when the HSM does not say', async () => {
    answer = ({ method }) => (method === 'PUT' ? { status: 202, body: wireJob() } : { body: wireJob() });
    const poller = await client().beginPreRestore(FOLDER_URI);
    await poller.poll();
    expect(hsm.authorized().at(-1)).toMatchObject({ method: 'GET', path: `/restore/${JOB_ID}/pending` });
  });

  test('is never another host, which would see our token', async () => {
    const headers = { 'azure-asyncoperation': `https://elsewhere.example/backup/${JOB_ID}/pending` };
    answer = ({ method }) => (method === 'POST' ? { status: 202, headers, body: wireJob() } : { body: wireJob(SUCCEEDED) });
    const strict = new KeyVaultBackupClient(PUBLIC_URL, countingCredential(), publicOptions(hsm));
    const poller = await strict.beginBackup(CONTAINER);
    expect(await poller.pollUntilDone()).toMatchObject({ folderUri: FOLDER_URI });
    expect(hsm.authorized().at(-1)).toMatchObject({ method: 'GET', path: `/backup/${JOB_ID}/pending` });
  });

  test('is what the HSM says, its query included', async () => {
    answer = ({ method }, url) =>
      method === 'POST'
        ? { status: 202, headers: { 'azure-asyncoperation': `${url}/backup/${JOB_ID}/pending?pool=2` }, body: wireJob() }
        : { body: wireJob() };
    const poller = await client().beginBackup(CONTAINER);
    await poller.poll();
    expect(hsm.authorized().at(-1)?.query.get('pool')).toBe('2');
  });
});

describe('a signature', () => {
  const quoted = `<AuthenticationErrorDetail>${CONTAINER}?${SAS}</AuthenticationErrorDetail>`;
  const shown = (error: unknown) =>
    `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}${error instanceof Error ? error.stack : ''}`;
  const failure = async (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  test.each([
    ['as an error of the service', { status: 400, body: { error: { code: 'BadRequest', message: quoted, innererror: null } } }],
    ['in a page that is no JSON', { status: 502, headers: { 'content-type': 'text/plain' }, body: quoted }],
  ])('that a refused start quotes %s is not in the error', async (_how, refusal) => {
    answer = () => refusal;
    const error = await failure(client().beginBackup(CONTAINER, SAS));
    expect(error).toBeInstanceOf(Error);
    expect(shown(error) + JSON.stringify((error as RestError).request)).not.toMatch(/c2lnbmF0dXJl/);
  });

  test('is not in the error of a dropped start', async () => {
    answer = () => 'drop';
    const error = await failure(client().beginBackup(CONTAINER, SAS));
    expect(error).toBeInstanceOf(Error);
    expect(`${inspect(error)}${JSON.stringify(error)}`).not.toMatch(/c2lnbmF0dXJl/);
  });

  test('that a failed job quotes is neither in its error nor in its state', async () => {
    answer = jobScript({ ...FAILED, statusDetails: quoted, error: { code: 'AuthenticationFailed', innererror: null, message: quoted } });
    const poller = await client().beginBackup(CONTAINER, SAS);
    const error = await failure(poller.pollUntilDone());
    expect(shown(error)).toMatch(/AuthenticationErrorDetail/);
    expect(shown(error) + poller.toString() + inspect(poller.getOperationState())).not.toMatch(/c2lnbmF0dXJl/);
  });

  test('is unknown to a resumed poller and taken out all the same', async () => {
    answer = jobScript({ ...FAILED, statusDetails: quoted, error: { code: 'AuthenticationFailed', innererror: null, message: quoted } });
    const first = await client().beginBackup(CONTAINER, SAS);
    const resumed = await client().beginBackup(CONTAINER, { resumeFrom: first.toString() });
    const error = await failure(resumed.poll());
    expect(shown(error) + resumed.toString()).not.toMatch(/c2lnbmF0dXJl/);
  });
});
