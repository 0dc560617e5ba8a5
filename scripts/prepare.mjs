// Brings a fresh clone, or one whose sources changed, to a state that can run: dependencies installed, sources built.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { rememberNode, root } from './node.mjs';

const state = join(root, 'node_modules', '.hsmkeep');

/** Runs `npm ci` when node_modules does not hold what package-lock.json asks for. */
export function install(node) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(state, 'lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  console.error('hsmkeep: installing dependencies (npm ci) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], node);
  mkdirSync(state, { recursive: true });
  writeFileSync(stamp, wanted);
  rememberNode(node);
}

/** Compiles src to dist when a source file changed since the last build. */
export function build(node) {
  const wanted = fingerprint(['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
  const stamp = join(state, 'build');
  if (existsSync(join(root, 'dist')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  console.error('hsmkeep: building …');
  const [dist, next, old] = ['dist', 'dist.next', 'dist.old'].map((name) => join(root, name));
  for (const leftover of [next, old]) rmSync(leftover, { recursive: true, force: true });
  run(node, [tool('typescript', 'bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', next], node);
  // What runs from the old build keeps a whole one until the last moment.
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(next, dist);
  rmSync(old, { recursive: true, force: true });
  writeFileSync(stamp, wanted);
}

/** Runs a program in the project's folder with the chosen Node first on the PATH; throws when it fails. */
export function run(program, args, node) {
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  execFileSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH } });
}

export const tool = (name, path) => join(root, 'node_modules', name, path);

function fingerprint(entries) {
  const hash = createHash('sha256');
  for (const entry of entries) {
    const path = join(root, entry);
    const files = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, withFileTypes: true }) : [];
    const paths = files.length
      ? files.filter((file) => file.isFile()).map((file) => join(file.parentPath ?? file.path, file.name))
      : [path];
    for (const file of paths.sort()) {
      const { mtimeMs, size } = statSync(file);
      hash.update(`${file}\0${mtimeMs}\0${size}\n`);
    }
  }
  return hash.digest('hex');
}
