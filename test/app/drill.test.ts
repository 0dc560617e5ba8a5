import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { recordText } from '../../src/clients/records.ts';
import type { BackupRecord, ManifestEntry, ManifestSummary } from '../../src/domain/record.ts';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';
import { provideCanary } from '../support/canaries.ts';
import { dataBlobs, drillNow, flipByte, grantDrills, listed } from '../support/drills.ts';
import { hsmOf, planRestore, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';
const WHOLE = 'fabrikam-hsm';
const DRILL = 'contoso-drill-hsm';
const CANARY = 'hsmkeep-canary';

let stack: AppStack;
let stopHurrying: () => Promise<void>;
beforeAll(async () => {
  stack = await startAppStack({
    hsms: [HSM, WHOLE],
    drillHsms: [DRILL],
    each: { [HSM]: { drill: { into: DRILL } }, [WHOLE]: { drill: { into: DRILL, mode: 'full' } } },
  });
  await grantDrills(stack);
});
afterAll(() => stack?.stop());
beforeEach(() => {
  stopHurrying = stack.hurry(2_000);
});
afterEach(() => stopHurrying());

const recordPath = (folder: string) => `hsmkeep/${HSM}/${folder}.json`;
const recordOf = (folder: string) => stack.document<BackupRecord>(stack.container(HSM), recordPath(folder));
const rewrite = (path: string, text: string) => stack.container(HSM).getBlockBlobClient(path).upload(text, Buffer.byteLength(text));
const textOf = async (path: string) => (await stack.container(HSM).getBlobClient(path).downloadToBuffer()).toString();
const failure = (run: Run) => run.steps.find(({ status }) => status === 'Failed');
const proofsOf = async () => Object.fromEntries((await listed(stack)).map(({ folder, proof }) => [folder, proof]));

describe('the canary of an HSM', { timeout: 60_000 }, () => {
  test('is made once, with rights on that one key alone', async () => {
    const first = await provideCanary(stack);
    expect(first).toMatchObject({ status: 'made', canary: { key: CANARY, version: expect.stringMatching(/^[0-9a-f]{32}$/) } });
    expect(await provideCanary(stack)).toEqual({ ...first, status: 'kept' });

    const { key } = await hsmOf(stack).send<{ key: { kty: string; n: string } }>(`/keys/${CANARY}`);
    expect([key.kty, Buffer.from(key.n, 'base64url').length * 8]).toEqual(['RSA-HSM', 3072]);
    const body = { alg: 'RSA-OAEP-256', value: first.canary.ciphertext };
    const { value } = await hsmOf(stack).send<{ value: string }>(`/keys/${CANARY}/${first.canary.version}/decrypt`, 'POST', body);
    expect(createHash('sha256').update(Buffer.from(value, 'base64url')).digest('hex')).toBe(first.canary.plaintextSha256);
  });

  test('is not made of a key of another kind', async () => {
    await hsmOf(stack).createKey('too-small');
    await expect(provideCanary(stack, HSM, 'too-small')).rejects.toThrow('is no RSA key of 3072 bits');
  });
});

describe('a drill of the canary key', { timeout: 120_000 }, () => {
  let good: string;
  let newest: string;
  beforeAll(async () => {
    good = await takeBackup(stack);
  });

  test('has the drill HSM backed up first, restores the canary alone and uses it: L3c', async () => {
    const run = await drillNow(stack);
    expect(run, JSON.stringify(run.steps, null, 1)).toMatchObject({
      kind: 'drill',
      subject: HSM,
      status: 'Completed',
      result: { folder: good, target: DRILL, mode: 'canary', proof: 'L3c' },
    });
    expect(run.steps.map(({ name }) => name)).toEqual([
      'Choose',
      'First backup',
      'Manifest',
      'Lock',
      'Pre-restore check',
      'Purge',
      'Start',
      'Restore',
      'Canary',
      'Record',
    ]);
    expect(await stack.folders(DRILL)).toHaveLength(1);
    expect(await hsmOf(stack, DRILL).keys()).toEqual([CANARY]);
    expect(await proofsOf()).toEqual({ [good]: 'L3c' });
    expect((await recordOf(good))?.holds).toMatchObject([{ by: run.id }]);
    // A drill HSM is not one that is kept.
    expect((await stack.api('/hsms')).body.value.map(({ name }: { name: string }) => name)).toEqual([HSM, WHOLE]);
  });

  test('goes on with the canary that a backup was taken with, after the key has a newer version', async () => {
    await hsmOf(stack).send(`/keys/${CANARY}/create`, 'POST', { kty: 'RSA', key_size: 3072 });
    expect((await provideCanary(stack)).status).toBe('made');
    newest = await takeBackup(stack);
    for (const [folder, body] of [
      [newest, {}],
      [good, { folder: good }],
    ] as const) {
      const run = await drillNow(stack, HSM, body);
      expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { folder, proof: 'L3c' } });
    }
    expect(await stack.folders(DRILL)).toHaveLength(1);
  });

  describe('finds what was done to the newest backup, and names the newest good one', () => {
    const expectFound = (run: Run, stage: string, words: RegExp): void => {
      expect(run.status, JSON.stringify(run.steps)).toBe('Failed');
      expect(failure(run)).toMatchObject({ name: stage, message: expect.stringContaining(`The drill failed at the stage "${stage}"`) });
      expect(failure(run)?.message).toMatch(words);
      expect(failure(run)?.hint).toContain(`The newest good backup is ${good} (L3c, every byte of it was read and is as recorded).`);
    };

    test('a byte of a blob: when it is read again', async () => {
      const [blob = ''] = await dataBlobs(stack, newest);
      const undo = await flipByte(stack, blob);
      expectFound(await drillNow(stack), 'Manifest', /blob data-00001\.bin changed \(SHA-256 [0-9a-f]{16}… instead of/);
      expect((await recordOf(good))?.holds.map(({ reason }) => reason)).toContain(`the newest good backup when ${newest} failed its drill`);
      await undo();
    });

    test('a byte of the inventory: it is not the one that was recorded', async () => {
      const undo = await flipByte(stack, `hsmkeep/${HSM}/${newest}.inventory.json`);
      expectFound(await drillNow(stack), 'Manifest', /its inventory (is not the one that was recorded|cannot be read)/);
      await undo();
    });

    test('a byte of the manifest: it is not the one that was recorded', async () => {
      const undo = await flipByte(stack, `hsmkeep/${HSM}/${newest}.manifest.jsonl`);
      expectFound(await drillNow(stack), 'Manifest', /its manifest is not the one that was recorded/);
      await undo();
    });

    test.each([
      ['the JSON itself', '', /its record cannot be relied on: .* is not readable/],
      [
        'a word of no use to a restore',
        '"proofs":[{"level":"L1","at":"20',
        /its record cannot be relied on: .* was changed after it was written/,
      ],
    ])('a byte of the record, %s: it is not what was written', async (_what, before, words) => {
      const at = (await textOf(recordPath(newest))).indexOf(before) + before.length;
      const undo = await flipByte(stack, recordPath(newest), stack.container(HSM), at);
      expectFound(await drillNow(stack), 'Manifest', words);
      await undo();
    });

    test('a byte of a record of a version that sealed none: it disagrees with itself or the backup', async () => {
      const text = await textOf(recordPath(newest));
      const { seal: _, ...unsealed } = JSON.parse(text) as BackupRecord;
      await rewrite(recordPath(newest), JSON.stringify(unsealed));
      expect(await drillNow(stack)).toMatchObject({ status: 'Completed', result: { folder: newest } });
      const before = '"takenAt":"20';
      await rewrite(recordPath(newest), JSON.stringify(unsealed));
      await flipByte(stack, recordPath(newest), stack.container(HSM), JSON.stringify(unsealed).indexOf(before) + before.length);
      expectFound(await drillNow(stack), 'Manifest', /a right takenAt/);
      await rewrite(recordPath(newest), text);
    });

    test('a byte of the record, wherever it is: no plan counts on the backup', async () => {
      const { length } = await textOf(recordPath(newest));
      for (let at = 0; at < length; at += Math.ceil(length / 8)) {
        const undo = await flipByte(stack, recordPath(newest), stack.container(HSM), at);
        const [named, newestOf] = [{ folder: newest }, { at: '2099-01-01T00:00:00Z' }];
        const plan = (await planRestore(stack, { selector: named })).body;
        expect(plan.preflights, `byte ${at}`).toContainEqual({
          name: 'proof',
          status: 'failed',
          message: expect.stringContaining(recordPath(newest)),
          hint: expect.stringContaining(`The newest good backup, by its record, is ${good} (L3c).`),
        });
        const other = (await planRestore(stack, { selector: newestOf })).body;
        expect(other, `byte ${at}`).toMatchObject({ folder: good, proof: 'L3c' });
        expect(other.preflights).toContainEqual(
          expect.objectContaining({ name: 'newer backups', message: expect.stringContaining(newest) }),
        );
        expect((await listed(stack))[0]).toMatchObject({ folder: newest, status: 'damaged', proof: 'L0' });
        await undo();
      }
      expect((await stack.api(`/hsms/${HSM}/backups/${newest}`)).body.backup.status).toBe('complete');
    });

    test('a blob that was wrong already when it was recorded: in the restore', async () => {
      const [record, manifest] = [await textOf(recordPath(newest)), await textOf(`hsmkeep/${HSM}/${newest}.manifest.jsonl`)];
      const [blob = ''] = await dataBlobs(stack, newest);
      const undo = await flipByte(stack, blob);
      const sha256 = createHash('sha256')
        .update(await stack.container(HSM).getBlobClient(blob).downloadToBuffer())
        .digest('hex');
      const name = blob.slice(newest.length + 1);
      const forged = manifest
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as ManifestEntry)
        .map((entry) => `${JSON.stringify(entry.name === name ? { ...entry, sha256 } : entry)}\n`)
        .join('');
      const known = JSON.parse(record) as BackupRecord;
      const summary = { ...known.manifest, sha256: createHash('sha256').update(forged).digest('hex') };
      await rewrite(`hsmkeep/${HSM}/${newest}.manifest.jsonl`, forged);
      await rewrite(recordPath(newest), recordText({ ...known, manifest: summary as ManifestSummary }));

      expectFound(await drillNow(stack), 'Restore', /data-00001\.bin was changed/);
      await undo();
      await rewrite(`hsmkeep/${HSM}/${newest}.manifest.jsonl`, manifest);
      await rewrite(recordPath(newest), record);
    });

    test('a key that is not what it was: when it is used', async () => {
      const record = await textOf(recordPath(newest));
      const other = (await recordOf(good))?.canary;
      await rewrite(
        recordPath(newest),
        recordText({ ...JSON.parse(record), canary: { ...JSON.parse(record).canary, ciphertext: other?.ciphertext } }),
      );
      expectFound(await drillNow(stack), 'Canary', /does not decrypt the known ciphertext/);
      await rewrite(recordPath(newest), record);
    });
  });

  test('says where a backup holds no canary, and what to do', async () => {
    await hsmOf(stack).deleteKey(CANARY);
    const without = await takeBackup(stack);
    expect(await recordOf(without)).not.toHaveProperty('canary');
    const run = await drillNow(stack);
    expect(failure(run)).toMatchObject({ name: 'Manifest', message: expect.stringContaining(`${without} holds no canary`) });
    await hsmOf(stack).send(`/deletedkeys/${CANARY}/recover`, 'POST');
  });

  test('is refused while something else works on the drill HSM, and is one run when asked for twice', async () => {
    await stopHurrying();
    await takeBackup(stack);
    const { runId } = (await stack.api(`/hsms/${HSM}/drill`, { method: 'POST', body: {} })).body;
    await until('the drill to hold its lock', async () => Boolean(await stack.document(stack.documents, `locks/${DRILL}.json`)));
    expect((await stack.api(`/hsms/${HSM}/drill`, { method: 'POST', body: {} })).body).toEqual({ runId });
    const works = { status: 409, detail: `${runId} works on ${DRILL} now.` };
    expect((await stack.api(`/hsms/${WHOLE}/drill`, { method: 'POST', body: {} })).body).toMatchObject(works);
    expect((await stack.api(`/hsms/${HSM}/drill`, { method: 'POST', body: { folder: good } })).body).toMatchObject(works);
    stopHurrying = stack.hurry(2_000);
    expect((await stack.runEnd(runId)).status).toBe('Completed');
  });

  test('is one run when many ask for it in one instant; who asks for another is told which', async () => {
    const ask = (hsm: string, body: object) => stack.api(`/hsms/${hsm}/drill`, { method: 'POST', body });
    const answers = await Promise.all([
      ask(HSM, {}),
      ask(WHOLE, {}),
      ask(HSM, { folder: good }),
      ask(HSM, {}),
      ask(WHOLE, {}),
      ask(HSM, {}),
    ]);
    const told = answers.map(({ status, body }) => (status === 202 ? body.runId : /^(\S+) works on/.exec(body.detail)?.[1]));
    expect(new Set(told).size, JSON.stringify(answers.map(({ body }) => body))).toBe(1);
    expect(answers.filter(({ status }) => status === 409).length).toBeGreaterThan(0);
    await stack.runEnd(told[0]);
    const since = told[0].slice(-19);
    const runs = (await stack.api('/runs?kind=drill')).body.value.filter(({ id }: Run) => id.slice(-19) >= since);
    expect(runs).toHaveLength(1);
  });

  test('needs the role of an operator, and an HSM with a drill', async () => {
    expect((await stack.api(`/hsms/${HSM}/drill`, { method: 'POST', body: {}, as: 'carol' })).status).toBe(403);
    expect((await stack.api(`/hsms/${DRILL}/drill`, { method: 'POST', body: {} })).body).toMatchObject({
      status: 404,
      detail: `No drill is configured for ${DRILL}.`,
    });
    expect((await stack.api('/hsms/nowhere/drill', { method: 'POST', body: {} })).status).toBe(404);
  });
});

describe('a full drill', { timeout: 120_000 }, () => {
  test('says what it copies and who loses a role, restores everything and compares it: L3', async () => {
    await hsmOf(stack, WHOLE).createKey('payments');
    await provideCanary(stack, WHOLE);
    const folder = await takeBackup(stack, WHOLE);
    const { objectId } = await stack.emulator.control.principal({
      name: 'drill-user',
      roles: [{ hsm: DRILL, scope: '/keys', role: 'Crypto User' }],
    });
    const plan = (await stack.api(`/hsms/${WHOLE}/drill`)).body;
    expect(plan).toMatchObject({ source: WHOLE, target: DRILL, folder, mode: 'full' });
    expect(plan.copied).toContainEqual(expect.stringMatching(/^keys\/payments\//));
    expect(plan.rearm).toEqual([`Managed HSM Crypto User for ${objectId} at /keys`]);

    const run = await drillNow(stack, WHOLE);
    expect(run, JSON.stringify(run.steps, null, 1)).toMatchObject({ status: 'Degraded', result: { folder, mode: 'full', proof: 'L3' } });
    expect(run.steps.find(({ status }) => status === 'Degraded')).toMatchObject({
      name: 'Role assignments',
      hint: expect.stringContaining(`--hsm-name ${DRILL} --role "Managed HSM Crypto User" --scope /keys --assignee-object-id ${objectId}`),
    });
    expect(await hsmOf(stack, DRILL).keys()).toEqual([CANARY, 'payments'].sort());
    expect((await listed(stack, WHOLE))[0]).toMatchObject({ folder, proof: 'L3' });
  });
});

test('a drill is started by its schedule', { timeout: 120_000 }, async () => {
  await stopHurrying();
  const now = new Date(Date.now() + (await stack.emulator.control.moveClock({ advanceMs: 0 })).offsetMs);
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1, 6, 16));
  await stack.emulator.control.moveClock({ now: first.toISOString() });
  stopHurrying = stack.hurry(2_000);
  const run = await stack.runEnd(`drill-${HSM}-${first.toISOString().slice(0, 10).replaceAll('-', '')}T0600Z`);
  expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { proof: 'L3c' } });
});
