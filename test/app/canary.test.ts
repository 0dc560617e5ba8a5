import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { provideCanary } from '../support/canaries.ts';
import { hsmOf, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack();
});
afterAll(() => stack?.stop());

const recordOf = (folder: string) => stack.document<BackupRecord>(stack.container(HSM), `hsmkeep/${HSM}/${folder}.json`);

describe('the canary of an HSM', { timeout: 60_000 }, () => {
  test('is made once, with rights on that one key alone, and again for a newer version of it', async () => {
    const first = await provideCanary(stack);
    expect(first).toMatchObject({ status: 'made', canary: { key: 'hsmkeep-canary', version: expect.stringMatching(/^[0-9a-f]{32}$/) } });
    expect(await provideCanary(stack)).toEqual({ ...first, status: 'kept' });

    const { key } = await hsmOf(stack).send<{ key: { kty: string; n: string } }>(`/keys/hsmkeep-canary`);
    expect([key.kty, Buffer.from(key.n, 'base64url').length * 8]).toEqual(['RSA-HSM', 3072]);
    const { value } = await hsmOf(stack).send<{ value: string }>(`/keys/hsmkeep-canary/${first.canary.version}/decrypt`, 'POST', {
      alg: 'RSA-OAEP-256',
      value: first.canary.ciphertext,
    });
    expect(createHash('sha256').update(Buffer.from(value, 'base64url')).digest('hex')).toBe(first.canary.plaintextSha256);
  });

  test('is not made of a key of another kind', async () => {
    await hsmOf(stack).createKey('too-small');
    await expect(provideCanary(stack, HSM, 'too-small')).rejects.toThrow('is no RSA key of 3072 bits');
  });

  test('stays in the record of each backup that holds its version', async () => {
    const { canary } = await provideCanary(stack);
    const { schema: _schema, hsm: _hsm, madeAt: _madeAt, ...kept } = canary;
    const folder = await takeBackup(stack);
    expect((await recordOf(folder))?.canary).toEqual(kept);

    await hsmOf(stack).send('/keys/hsmkeep-canary/create', 'POST', { kty: 'RSA', key_size: 3072 });
    const newer = await provideCanary(stack);
    expect(newer.canary.version).not.toBe(canary.version);
    expect((await recordOf(folder))?.canary).toEqual(kept);

    await hsmOf(stack).deleteKey('hsmkeep-canary');
    expect(await recordOf(await takeBackup(stack))).not.toHaveProperty('canary');
  });
});
