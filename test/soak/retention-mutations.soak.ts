import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MUTATIONS } from '../support/retention-mutations.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAWS = 'test/domain/retention/laws.test.ts';
const RETENTION = join('src', 'domain', 'retention');
/** Of each law; a mutation that shows this rarely is left to the examples. */
const LAW_CASES = process.env['HSMKEEP_LAW_CASES'] ?? '1500';

/** A copy of the rules and their tests, in which rules are broken. */
let copy: string;
const killers: string[] = [];
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'hsmkeep-mutations-'));
  for (const path of ['src/domain', 'test/domain/retention', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'vitest.config.ts'), 'export default { test: { pool: "threads", isolate: false, testTimeout: 120000 } };\n');
});
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
  console.log(killers.join('\n'));
});

/** Runs tests in the copy until the first one fails. @returns The name of that one; undefined when all pass. */
function firstFailure(...args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', ...args],
    {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, HSMKEEP_LAW_CASES: LAW_CASES, NO_COLOR: '1' },
      timeout: 300_000,
    },
  );
  if (status === 0) return undefined;
  return / FAIL {2}(.*)/.exec(stdout + stderr)?.[1] ?? expect.unreachable(`no test failed: ${stdout}${stderr}`);
}

test('unbroken, the rules pass', () => {
  expect(firstFailure()).toBeUndefined();
});

test.each(MUTATIONS)('a test fails when $what', ({ what, file, find, replace }) => {
  const path = join(RETENTION, file);
  const source = readFileSync(join(ROOT, path), 'utf8');
  expect(source.split(find), `${find} is in ${file} once`).toHaveLength(2);
  writeFileSync(
    join(copy, path),
    source.replace(find, () => replace),
  );
  try {
    // The laws first: what they do not notice is left to the worked examples and the oracle.
    const killer = firstFailure(LAWS) ?? firstFailure('--exclude', LAWS);
    expect(killer, `nobody noticed that ${what}`).toBeDefined();
    killers.push(`${what}\t${killer}`);
  } finally {
    writeFileSync(join(copy, path), source);
  }
});
