import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataFolder } from '../../../src/local/stack/data-folder.ts';
import { emptyFolder } from './support.ts';

describe('openDataFolder', () => {
  test('makes what is missing, for its owner only', async () => {
    const folder = await openDataFolder(join(emptyFolder(), 'a', 'b'));
    folder.release();
    expect(existsSync(folder.logs)).toBe(true);
    expect(statSync(folder.storage).mode & 0o077).toBe(0);
  });

  test('refuses a folder in use, naming who uses it, until it is given back', async () => {
    const path = emptyFolder();
    const first = await openDataFolder(path);
    const refusal = await openDataFolder(path).catch((error) => error);
    expect(refusal.message).toContain(`${path} is in use by another local stack (process ${process.pid}, since `);
    expect(refusal.hint).toContain('--data');

    first.release();
    const second = await openDataFolder(path);
    second.release();
  });

  test('says so when the folder cannot be made', async () => {
    const file = join(emptyFolder(), 'file');
    writeFileSync(file, '');
    await expect(openDataFolder(join(file, 'data'))).rejects.toThrow(`The data folder ${join(file, 'data')} cannot be made`);
  });
});
