import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

/** A project that has nothing but our lint rules. */
const project = mkdtempSync(join(tmpdir(), 'hsmkeep-lint-'));
const config = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
writeFileSync(join(project, 'biome.json'), JSON.stringify({ ...config, $schema: undefined, vcs: { enabled: false } }));
cpSync(join(ROOT, 'scripts', 'lint'), join(project, 'scripts', 'lint'), { recursive: true });
cpSync(join(ROOT, 'package.json'), join(project, 'package.json'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What lint says of a source file; empty when nothing. */
function lint(path: string, source: string): string {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), source);
  try {
    execFileSync(process.execPath, [BIOME, 'lint', '--colors=off', path], { cwd: project, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr);
  }
}

const importing = (target: string) => `import { x } from '${target}';\n\nexport const y = x;\n`;

test.each([
  ['src/domain/a.ts', 'node:fs'],
  ['src/domain/a.ts', '@azure/identity'],
  ['src/domain/a.ts', '../clients/blob-store.ts'],
  ['src/domain/deeper/a.ts', '../../clients/blob-store.ts'],
  ['src/orchestrators/a.ts', 'node:crypto'],
  ['src/orchestrators/a.ts', '../clients/clients.ts'],
  ['src/orchestrators/a.ts', '../functions/runs.ts'],
  ['src/activities/a.ts', '@azure/storage-blob'],
  ['src/activities/a.ts', '../orchestrators/durable.ts'],
  ['src/clients/a.ts', '../activities/save-run.ts'],
  ['src/functions/a.ts', '../cli/main.ts'],
  ['src/emulator/a.ts', '../domain/run.ts'],
  ['src/emulator/http/a.ts', '../../clients/errors.ts'],
  ['src/cli/a.ts', '../activities/save-run.ts'],
  ['src/providers/a.ts', '../clients/blob-store.ts'],
  ['src/orchestrators/a.ts', '../providers/registry.ts'],
  ['src/domain/a.ts', '../providers/registry.ts'],
  ['src/activities/a.ts', '../admin/fleet.ts'],
  ['src/functions/a.ts', '../package/zip.ts'],
  ['src/admin/a.ts', '../orchestrators/durable.ts'],
  ['src/admin/doctor/a.ts', '../../cli/io.ts'],
  ['src/package/a.ts', '../activities/save-run.ts'],
  ['src/package/a.ts', '../admin/fleet.ts'],
])('%s may not import %s', (path, target) => {
  expect(lint(path, importing(target))).toContain('noRestrictedImports');
});

test.each(['src/domain/a.ts', 'src/orchestrators/a.ts'])('%s may not reach out by itself', (path) => {
  for (const expression of ['process.env', "fetch('x')", 'setTimeout(() => 1, 1)']) {
    expect(lint(path, `export const a = () => ${expression};\n`)).toContain('noRestrictedGlobals');
  }
});

test.each(['src/domain/a.ts', 'src/orchestrators/a.ts'])('%s may not ask for time or chance', (path) => {
  for (const expression of ['Date.now()', 'new Date()', 'Math.random()']) {
    expect(lint(path, `export const a = () => ${expression};\n`)).toContain('Time and chance come in as arguments');
  }
});

test('a pure file is let be, and an activity may ask for the time', () => {
  expect(lint('src/domain/a.ts', 'export const a = (now: string) => new Date(now).getTime();\n')).toBe('');
  expect(lint('src/activities/a.ts', 'export const a = () => Date.now();\n')).toBe('');
});
