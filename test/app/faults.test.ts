import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';

const HSM = 'contoso-hsm';
const SLOW_MS = 120_000;

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ timeScale: 1, timers: false });
});
afterAll(() => stack?.stop());
afterEach(() => stack.emulator.control.clearFaults());

/** One night, with emulated time hurried on. */
async function night(during?: (id: string) => Promise<void>): Promise<Run> {
  const stopHurrying = stack.hurry(60_000);
  try {
    const id = await stack.backupNow(HSM);
    await during?.(id);
    return await stack.runEnd(id);
  } finally {
    await stopHurrying();
  }
}

const fault = (method: string, path: string, rest: object) => stack.emulator.control.fault({ match: { host: HSM, method, path }, ...rest });
/** The step that decided how the run ended. */
const worst = (run: Run) =>
  run.steps.findLast(({ status }) => status === 'Failed') ?? run.steps.find(({ status }) => status === 'Degraded');
const recordOf = (folder: string) => stack.document<BackupRecord>(stack.container(HSM), `hsmkeep/${HSM}/${folder}.json`);

/** Whatever happened: the reason and the next step are in words, nothing secret in them, older backups are there, the next night works. */
async function expectToldAndOver(run: Run, status: 'Degraded' | 'Failed', words: RegExp): Promise<void> {
  expect(run, JSON.stringify(run.steps)).toMatchObject({ status, endedAt: expect.any(String) });
  expect(worst(run)?.message).toMatch(words);
  expect(worst(run)?.hint).toMatch(/\w+/);
  expect(JSON.stringify(run)).not.toMatch(/sig=|eyJ|AccountKey/);

  await stack.emulator.control.clearFaults();
  const next = await night();
  expect(next.status, JSON.stringify(next.steps)).toBe('Completed');
}

describe('a night on which', { timeout: SLOW_MS }, () => {
  test('the answer to the start of the backup is lost adopts the one backup that was taken', async () => {
    const before = await stack.folders(HSM);
    await fault('POST', '/backup', { times: 1, action: 'dropAfter' });
    const run = await night();
    const taken = (await stack.folders(HSM)).filter((folder) => !before.includes(folder));
    expect(taken).toHaveLength(1);
    expect(await recordOf(taken[0] ?? '')).toMatchObject({ adopted: true, jobId: null, status: 'complete' });
    await expectToldAndOver(run, 'Degraded', /answer .* was lost/);
  });

  test("another's backup runs waits for its end, then takes its own", async () => {
    await stack.emulator.send(`${stack.emulator.ready.hsms[HSM]}/backup?api-version=7.6`, {
      method: 'POST',
      body: { storageResourceUri: stack.container(HSM).url, useManagedIdentity: true },
    });
    const run = await night();
    expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
    expect(await stack.folders(HSM)).toContain(run.result?.['folder']);
  });

  test("another's backup never ends gives up at the deadline", async () => {
    await fault('POST', '/prebackup', {
      times: 1000,
      action: 'answer',
      status: 409,
      body: { error: { code: '409', message: 'Another backup operation is in progress.' } },
    });
    await expectToldAndOver(await night(), 'Failed', /kept contoso-hsm busy for \d+ minutes/);
  });

  test('the job fails tells the reason', async () => {
    const body = {
      status: 'Failed',
      statusDetails: 'AuthorizationFailure',
      error: { code: 'AuthorizationFailure', message: 'This request is not authorized.' },
      jobId: 'x',
      startTime: 1,
      endTime: 2,
    };
    await fault('GET', '/backup/*/pending', { skip: 1, times: 1, action: 'answer', status: 200, body });
    await expectToldAndOver(await night(), 'Failed', /backup on contoso-hsm failed \(AuthorizationFailure/);
  });

  test('the token is refused says so', async () => {
    await fault('*', '/*', {
      times: 1000,
      action: 'answer',
      status: 401,
      body: { error: { code: 'Unauthorized', message: 'AKV10032: Invalid issuer.' } },
    });
    await expectToldAndOver(await night(), 'Failed', /refused the token/);
  });

  test('a right is missing names it and the command that grants it', async () => {
    const message = 'Not authorized to access Microsoft.KeyVault/managedHsm/backup/start/action on /';
    await fault('POST', '/backup', { times: 1000, action: 'answer', status: 403, body: { error: { code: 'AccessDenied', message } } });
    const run = await night();
    expect(worst(run)?.hint).toContain('az keyvault role assignment create --hsm-name contoso-hsm --role "Managed HSM Backup User"');
    await expectToldAndOver(run, 'Failed', /backup\/start\/action/);
  });

  test('keys may not be listed still has its backup, without an inventory', async () => {
    const message = 'Not authorized to access Microsoft.KeyVault/managedHsm/keys/read/action on /keys';
    await fault('GET', '/keys', { times: 1000, action: 'answer', status: 403, body: { error: { code: 'AccessDenied', message } } });
    const run = await night();
    expect(run.result).toMatchObject({ proof: 'L1', keys: 'unreadable' });
    await expectToldAndOver(run, 'Degraded', /inventory .* incomplete: keys/);
  });

  test.each([429, 503])('the HSM answers %i for a while goes on when that is over', async (status) => {
    await fault('*', '/*', { times: 6, action: 'answer', status, body: { error: { code: 'Throttled', message: 'too many' } } });
    const run = await night();
    expect(['Completed', 'Degraded'], JSON.stringify(run.steps)).toContain(run.status);
    expect(run.result).toMatchObject({ proof: 'L1' });
  });

  test('the HSM answers 503 all night gives up with the reason', async () => {
    await fault('*', '/*', {
      times: 100_000,
      action: 'answer',
      status: 503,
      body: { error: { code: 'ServiceUnavailable', message: 'later' } },
    });
    await expectToldAndOver(await night(), 'Failed', /did not answer in time/);
  });

  test('polls hang adopts the backup once the HSM answers again', async () => {
    await fault('GET', '/backup/*/pending', { skip: 1, times: 5, action: 'hang' });
    await expectToldAndOver(await night(), 'Degraded', /did not answer in time/);
  });

  test('the blobs never settle records the backup as failed', async () => {
    const before = await stack.folders(HSM);
    let folder: string | undefined;
    const run = await night(async (id) => {
      const meddle = async (): Promise<void> => {
        for (let ended = false; !ended; ) {
          folder ??= (await stack.folders(HSM)).find((name) => !before.includes(name));
          if (folder)
            await stack
              .container(HSM)
              .getBlockBlobClient(`${folder}/noise`)
              .upload(String(performance.now()), String(performance.now()).length);
          ended = Boolean((await stack.api(`/runs/${id}`)).body.endedAt);
        }
      };
      await meddle();
    });
    expect(await recordOf(folder ?? '')).toMatchObject({ status: 'failed', proofs: [] });
    await expectToldAndOver(run, 'Failed', /kept changing/);
  });

  test('the container is missing says so before anything starts', async () => {
    const starts = async () =>
      (await stack.emulator.control.requests()).filter(({ method, path }) => method === 'POST' && path === '/backup').length;
    const before = await starts();
    await stack.container(HSM).delete();
    const run = await night();
    expect(await starts()).toBe(before);
    await stack.container(HSM).create();
    await expectToldAndOver(run, 'Failed', /pre-backup check on contoso-hsm failed \(ContainerNotFound/);
  });

  test("the app's own storage is missing ends all the same, and tells", async () => {
    await stack.documents.delete();
    const run = await night();
    expect(run).toMatchObject({ status: 'Failed' });
    await stack.documents.create();
    await expectToldAndOver(run, 'Failed', /container .*hsmkeep does not exist/);
  });
});
