import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle, writeFiles } from '../../src/package/bundle.ts';
import { ROOT } from '../support/bundle.ts';

test('the drivers of databases work in a bundle as they do where they are installed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-drivers-'));
  try {
    const { files } = await bundle({ root: ROOT, entry: 'test/package/drivers-entry.ts' });
    writeFiles(folder, files);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const printed = execFileSync(process.execPath, ['main.js'], { cwd: folder, encoding: 'utf8' });
    expect(printed).toBe('ConnectionRefused\nConnectionRefused\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
