import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MUTATIONS } from '../support/retention-mutations.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const DOMAIN = join('src', 'domain');
/** The files that hold properties, and none of those that hold examples. */
const LAWS = 'laws.test.ts';
/** Of each law, as in `npm test`. */
const LAW_CASES = '1000';

/** A copy of the rules and their tests, in which rules are broken. */
let copy: string;
const killers: string[] = [];
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'hsmkeep-mutations-'));
  for (const path of [DOMAIN, 'test/domain', 'test/support/backup-record.ts', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'vitest.config.ts'), 'export default { test: { pool: "threads", isolate: false, testTimeout: 120000 } };\n');
});
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
  console.log(killers.join('\n'));
});

/** Tries the laws in the copy, until the first one is broken. @returns The name of that one; undefined when all hold. */
function firstBroken(): string | undefined {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', LAWS],
    {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, HSMKEEP_LAW_CASES: LAW_CASES, NO_COLOR: '1' },
      timeout: 300_000,
    },
  );
  if (status === 0) return undefined;
  return / FAIL {2}(.*)/.exec(stdout + stderr)?.[1] ?? expect.unreachable(`no law was broken: ${stdout}${stderr}`);
}

test('unbroken, the laws hold', () => {
  expect(firstBroken()).toBeUndefined();
});

test.each(MUTATIONS)('a law is broken when $what', ({ what, file, find, replace }) => {
  const path = join(DOMAIN, file);
  const source = readFileSync(join(ROOT, path), 'utf8');
  expect(source.split(find), `${find} is in ${file} once`).toHaveLength(2);
  writeFileSync(
    join(copy, path),
    source.replace(find, () => replace),
  );
  try {
    const killer = firstBroken();
    expect(killer, `no law noticed that ${what}`).toBeDefined();
    killers.push(`${what}\t${killer}`);
  } finally {
    writeFileSync(join(copy, path), source);
  }
});
