// Finds a Node that can run hsmkeep. Plain JavaScript for the oldest Node that people still have on their PATH.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST = [22, 15];
const remembered = join(root, 'node_modules', '.hsmkeep', 'node-path');

/** @param {string} version Such as `22.15.0`. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** The path of a Node at least as new as `engines` asks; fetches Node 24 through npm when this one is too old. */
export function findNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  if (existsSync(remembered)) {
    const path = readFileSync(remembered, 'utf8');
    if (existsSync(path)) return path;
  }

  console.error(
    `hsmkeep needs Node ${OLDEST.join('.')} or newer; this is ${process.version}. Using Node 24 from npm (node@24), kept in npm's cache.`,
  );
  const path = execFileSync('npm', ['exec', '--yes', '--package=node@24', '--', 'node', '-p', 'process.execPath'], {
    cwd: dirname(root),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  return path;
}

/** Spares the next command the question to npm. Only once node_modules exists: an install empties it. */
export function rememberNode(path) {
  if (path === process.execPath) return;
  mkdirSync(dirname(remembered), { recursive: true });
  writeFileSync(remembered, path);
}
