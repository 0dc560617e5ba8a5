import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { waitUntilReady } from '../../../src/local/stack/child.ts';
import { LEASH } from '../../../src/local/stack/leash.ts';
import { childRunning, emptyFolder, isAlive } from './support.ts';

const FOREVER = 'setInterval(() => {}, 1000);';
const patient = { deadlineMs: 20_000, signal: new AbortController().signal };
const says = (word: string) => (child: { log(): string }) => () => child.log().includes(word) || undefined;

describe('waitUntilReady', () => {
  test('resolves once the child is seen to be ready', async () => {
    const child = childRunning(`console.log('up'); ${FOREVER}`);
    await expect(waitUntilReady(child, says('up')(child), patient)).resolves.toBe(true);
  });

  test('a child that ends first is an error with the end of its log and where the log is', async () => {
    const child = childRunning(`for (let i = 1; i <= 30; i += 1) console.log('line ' + i); process.exit(3);`);
    const error = await waitUntilReady(child, says('never')(child), patient).catch((thrown) => thrown);
    expect(error.message).toMatch(/^The part ended with exit code 3\. The end of its log:\n {2}\| line 19\n[\s\S]* {2}\| line 30$/);
    expect(error.hint).toContain(child.logFile);
  });

  test('a child that takes too long is an error', async () => {
    const child = childRunning(FOREVER);
    const waiting = waitUntilReady(child, says('never')(child), { ...patient, deadlineMs: 50 });
    await expect(waiting).rejects.toThrow('The part was not ready within 0.05 s.');
  });

  test('stops waiting when the stack is to stop', async () => {
    const child = childRunning(FOREVER);
    const stop = new AbortController();
    const waiting = waitUntilReady(child, says('never')(child), { ...patient, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('stop', () => {
  test('lets the child end cleanly, and may be called again', async () => {
    const child = childRunning(`process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); console.log('up'); ${FOREVER}`);
    await waitUntilReady(child, says('up')(child), patient);
    await Promise.all([child.stop(), child.stop()]);
    await child.stop();
    expect((await child.ended).message).toContain('ended with exit code 0');
    expect(readFileSync(child.logFile, 'utf8')).toContain('bye');
  });
});

describe('leash', () => {
  test('ends the child cleanly when its parent is killed', async () => {
    const folder = emptyFolder();
    const leashed = join(folder, 'leashed.mjs');
    const parent = join(folder, 'parent.mjs');
    writeFileSync(leashed, `process.on('SIGTERM', () => process.exit(0)); console.log(process.pid); ${FOREVER}`);
    writeFileSync(
      parent,
      `import { spawn } from 'node:child_process';
       spawn(process.execPath, ${JSON.stringify([...LEASH, leashed])}, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });`,
    );
    const parentProcess = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parentProcess.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);

    parentProcess.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5_000 });
  });

  test('does not keep a child alive that has nothing to do', async () => {
    const child = childRunning(`console.log('done');`);
    expect((await child.ended).message).toContain('ended with exit code 0');
  });
});
