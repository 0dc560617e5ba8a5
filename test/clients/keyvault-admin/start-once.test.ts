import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyVaultBackupClient } from '../../../src/clients/keyvault-admin/index.ts';
import { countingCredential, LOCAL_OPTIONS, type Script, type ScriptedAnswer, type ScriptedHsm, startScriptedHsm } from './scripted-hsm.ts';
import { accepted, CONTAINER, FOLDER_URI, JOB_ID, wireJob } from './scripted-jobs.ts';

const SAS = 'sv=2024-11-04&sr=c&sig=c2lnbmF0dXJl';
const STARTS = {
  beginBackup: (client: KeyVaultBackupClient) => client.beginBackup(CONTAINER, SAS),
  beginPreBackup: (client: KeyVaultBackupClient) => client.beginPreBackup(CONTAINER, SAS),
  beginRestore: (client: KeyVaultBackupClient) => client.beginRestore(FOLDER_URI, SAS),
  beginPreRestore: (client: KeyVaultBackupClient) => client.beginPreRestore(FOLDER_URI, SAS),
  beginSelectiveKeyRestore: (client: KeyVaultBackupClient) => client.beginSelectiveKeyRestore('payroll', FOLDER_URI, SAS),
};
const REFUSALS: [string, ScriptedAnswer][] = [
  ['429', { status: 429, headers: { 'retry-after': '0' }, body: { error: { code: 'Throttled', message: 'Slow down' } } }],
  ['500', { status: 500, body: { error: { code: 'InternalError', message: 'Oops' } } }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '0' }, body: { error: { code: 'Busy', message: 'Later' } } }],
  ['a dropped connection', 'drop'],
  ['a redirect', { status: 307, headers: { location: '/elsewhere' } }],
];

let hsm: ScriptedHsm;
let answer: Script;
const client = (options = {}) => new KeyVaultBackupClient(hsm.url, countingCredential(), { ...LOCAL_OPTIONS, ...options });

beforeEach(async () => {
  hsm = await startScriptedHsm((request, url) => answer(request, url));
});
afterEach(() => hsm.stop());

describe.each(Object.entries(STARTS))('%s', (_name, start) => {
  test.each(REFUSALS)('is sent once when the answer is %s', async (_what, refusal) => {
    answer = () => refusal;
    await expect(start(client())).rejects.toThrow();
    expect(hsm.authorized()).toHaveLength(1);
    expect(hsm.requests).toHaveLength(2); // the one before the challenge, without a body, and the one after it
    expect(hsm.requests[0]?.body).toBeUndefined();
    expect(hsm.requests[1]?.body).toBeDefined();
  });
});

test('a start is sent once also by a client that has its token already', async () => {
  answer = ({ method }, url) => (method === 'POST' && hsm.authorized().length === 1 ? accepted(url) : 'drop');
  const backups = client();
  await backups.beginBackup(CONTAINER);
  await expect(backups.beginBackup(CONTAINER)).rejects.toThrow();
  expect(hsm.requests).toHaveLength(3);
});

test('a start is sent once when it runs into its timeout', async () => {
  answer = () => 'hang';
  await expect(client().beginBackup(CONTAINER, { requestOptions: { timeout: 100 } })).rejects.toMatchObject({ name: 'AbortError' });
  expect(hsm.authorized()).toHaveLength(1);
});

test('a start is sent once also through retry policies that the caller adds', async () => {
  answer = () => ({ status: 503 });
  const again: PipelinePolicy = { name: 'customRetryPolicy', sendRequest: (request, next) => next(request).then(() => next(request)) };
  const additionalPolicies = [{ position: 'perCall', policy: again }];
  await expect(client({ additionalPolicies }).beginBackup(CONTAINER)).rejects.toMatchObject({ statusCode: 503 });
  expect(hsm.authorized()).toHaveLength(1);
});

test('an abort signal ends a start that gets no answer', async () => {
  const controller = new AbortController();
  answer = () => {
    controller.abort();
    return 'hang';
  };
  await expect(client().beginBackup(CONTAINER, { abortSignal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(hsm.authorized()).toHaveLength(1);
});

test('an aborted signal keeps a start from being sent', async () => {
  await expect(client().beginBackup(CONTAINER, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  expect(hsm.requests).toHaveLength(0);
});

test('polls are retried, and the job stays as it was meanwhile', async () => {
  const polls: ScriptedAnswer[] = ['drop', { status: 503, headers: { 'retry-after': '0' } }, { body: wireJob() }];
  answer = ({ method }, url) => (method === 'POST' ? accepted(url) : (polls.shift() ?? 'drop'));
  const poller = await client().beginBackup(CONTAINER);
  await poller.poll();
  expect(hsm.authorized().map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'GET']);
  expect(poller.getOperationState().status).toBe('running');
});

test('the answer to the start can be read, with its headers', async () => {
  answer = (_request, url) => accepted(url);
  const seen: unknown[] = [];
  await client().beginBackup(CONTAINER, {
    onResponse: ({ status, headers, parsedBody }) =>
      seen.push([status, headers.get('retry-after'), Boolean(headers.get('date')), parsedBody]),
  });
  expect(seen).toEqual([[202, '10', true, wireJob()]]);
});

test('headers of the caller go with the start and with the polls', async () => {
  answer = ({ method }, url) => (method === 'POST' ? accepted(url) : { body: wireJob() });
  const poller = await client().beginBackup(CONTAINER, { requestOptions: { headers: { 'x-run': 'night-7' } } });
  await poller.poll();
  expect(hsm.authorized().map(({ headers }) => headers['x-run'])).toEqual(['night-7', 'night-7']);
});

test('the api-version goes with every request, the poll included', async () => {
  answer = ({ method }, url) => (method === 'POST' ? accepted(url) : { body: wireJob() });
  const poller = await client({ serviceVersion: '7.5' }).beginBackup(CONTAINER);
  await poller.poll();
  expect(hsm.requests.map(({ path, query }) => [path, query.get('api-version')])).toEqual([
    ['/backup', '7.5'],
    ['/backup', '7.5'],
    [`/backup/${JOB_ID}/pending`, '7.5'],
  ]);
});
