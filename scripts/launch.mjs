// What the npm scripts call: finds a Node, installs and builds as needed, then runs the command.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findNode, root } from './node.mjs';
import { build, install, tool } from './prepare.mjs';

const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
const typecheck = () => [tool('typescript', 'bin/tsc'), '-p', 'tsconfig.json'];
const biome = (...args) => [tool('@biomejs/biome', 'bin/biome'), ...args];

/** Runs TypeScript as it lies there; Node 22 still asks for the flag. */
const fromSource = ['--conditions=hsmkeep-source', '--experimental-strip-types', '--no-warnings'];

/** What must be covered is covered by the pure tests; to count it in the others, too, would take a fifth of their time. */
const allTests = [
  [...vitest, '--project', 'pure', '--coverage'],
  [...vitest, '--project', 'system'],
];

/** Each command as the steps that it runs, one after the other; the first that fails ends it. */
const COMMANDS = {
  start: (args) => [['dist/cli/main.js', 'dev', ...args]],
  test: (args) => [biome('ci', '--error-on-warnings'), typecheck(), ...(args.length ? [[...vitest, ...args]] : allTests)],
  build: () => [],
  lint: () => [biome('ci', '--error-on-warnings')],
  format: () => [biome('check', '--write')],
  check: () => [biome('ci', '--error-on-warnings'), typecheck()],
  bench: (args) => [[...fromSource, 'test/bench/main.ts', ...args]],
  package: (args) => [['dist/package/main.js', ...args]],
  soak: (args) => [[...vitest, '--config', 'test/soak/vitest.config.ts', ...args]],
  cli: (args) => [[join(root, 'dist/cli/main.js'), ...args]],
};

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) {
  console.error(`Unknown command: ${name}. There are: ${Object.keys(COMMANDS).join(', ')}.`);
  process.exit(2);
}

const node = prepare();
for (const step of command(args)) {
  const code = await runStep(step);
  if (code !== 0) process.exit(code);
}

function prepare() {
  try {
    const found = findNode();
    install(found);
    build(found);
    return found;
  } catch (error) {
    // The tool that failed has printed why.
    console.error(`hsmkeep: could not get ready: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    process.exit(1);
  }
}

/**
 * Signals are passed on, so that ending the launcher ends what it started, and it waits for a clean stop. npm passes none on: when it is gone,
 * the step is ended too. Over the channel the local stack sees when this process itself is killed.
 */
function runStep(step) {
  return new Promise((resolve) => {
    const PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
    const stdio = name === 'start' || name === 'cli' ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
    const child = spawn(node, step, { stdio, env: { ...process.env, PATH }, cwd: name === 'cli' ? process.cwd() : root });
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    const watch = watchNpm(() => forward('SIGTERM'));
    child.on('exit', (code, signal) => {
      clearInterval(watch);
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

/** Calls back once when npm, which runs this script, has ended before it. */
function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  // npm is our parent, or there is a shell of its own between us.
  const lineage = () => `${process.ppid} ${parentOfShell(process.ppid)}`;
  const atFirst = lineage();
  const watch = setInterval(() => {
    if (lineage() === atFirst) return;
    clearInterval(watch);
    onGone();
  }, 500);
  return watch;
}

/** The parent's id where the process is a shell, else 0. Only Linux tells. */
function parentOfShell(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return /^Name:\s*\w*sh$/m.test(status) ? Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) : 0;
  } catch {
    return 0;
  }
}
