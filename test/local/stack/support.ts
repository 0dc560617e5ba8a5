import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Child, startChild } from '../../../src/local/stack/child.ts';

export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'hsmkeep-stack-'));
}

/** A child process that runs this JavaScript; ended with the test. */
export function childRunning(source: string): Child & { logFile: string } {
  const cwd = emptyFolder();
  const script = join(cwd, 'script.mjs');
  const logFile = join(cwd, 'script.log');
  writeFileSync(script, source);
  const child = startChild({ name: 'part', script, args: [], env: process.env, cwd, logFile });
  onTestFinished(() => child.stop());
  return { ...child, logFile };
}

/** Whether a process of that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
