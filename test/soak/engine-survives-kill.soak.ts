import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { killAtRandom } from '../local/durable/support/survival.ts';

const KILLS = 20;

test.each([1, 2, 3, 4, 5, 6])(`the local host's engine ends everything right through ${KILLS} kills (run %i)`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-soak-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));

  expect(await killAtRandom(join(folder, 'durable.db'), KILLS)).toEqual([]);
});
