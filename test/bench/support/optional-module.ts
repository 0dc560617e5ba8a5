import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ROOT } from '../../support/bundle.ts';

/** A baseline that somebody has installed. `modules` is the node_modules folder it lies in. */
export type InstalledModule = Readonly<{ modules: string; version: string }>;

/** Looks for a package that is no dependency: in HSMKEEP_BENCH_MODULES, in the project, then where npm installs globally. */
export function findModule(name: string): InstalledModule | undefined {
  for (const modules of places()) {
    const manifest = join(modules, name, 'package.json');
    if (existsSync(manifest)) return { modules, version: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version };
  }
  return undefined;
}

/** For the table. */
export const howToGet = (name: string): string =>
  `npm install --prefix DIR ${name}, then HSMKEEP_BENCH_MODULES=DIR/node_modules (or npm install --global ${name})`;

function* places(): Generator<string> {
  const given = process.env['HSMKEEP_BENCH_MODULES'];
  if (given) yield given;
  yield join(ROOT, 'node_modules');
  try {
    yield execFileSync('npm', ['root', '--global'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // Without npm there is no global folder.
  }
}
