import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crashAt } from '../../../src/local/host/durable/crash-point.ts';
import { startChildEngine } from './support/child-engine.ts';
import { temporaryFolder } from './support/engines.ts';
import { killAtRandom } from './support/survival.ts';

test('everything ends right although the process is killed at random', async () => {
  expect(await killAtRandom(join(temporaryFolder(), 'durable.db'), 4)).toEqual([]);
}, 60_000);

describe('a process that is killed at a boundary of an activity', () => {
  test.each([
    // The handler of the second call had not begun: it runs once, after the restart.
    { crash: 'before-activity:record:2', effects: ['a', 'b', 'c'] },
    // Its effect is there, its result is not: it runs again.
    { crash: 'after-activity:record:2', effects: ['a', 'b', 'b', 'c'] },
    // Its result is on disk: it does not.
    { crash: 'after-commit:record:2', effects: ['a', 'b', 'c'] },
  ])('$crash', async ({ crash, effects }) => {
    const folder = temporaryFolder();
    const [path, file] = [join(folder, 'durable.db'), join(folder, 'effects')];
    const inputJson = JSON.stringify({ file, lines: ['a', 'b', 'c'] });

    const first = await startChildEngine(path, crash);
    await first.start({ name: 'records', inputJson, instanceId: 'one' });
    expect(await first.gone).toBe('SIGKILL');

    const second = await startChildEngine(path);
    expect(await second.waitForEnd('one', 10_000)).toMatchObject({ status: 'Completed', outputJson: '["a","b","c"]' });
    await second.kill();
    expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual(effects);
  });
});

describe('crashAt', () => {
  test.each(['', 'after-activity', 'after-activity:record', 'after-activity:record:0', 'whenever:record:1', 'after-activity::1'])(
    'refuses %j',
    (spec) => {
      expect(() => crashAt(spec)).toThrow(`'${spec}' names no point to crash at.`);
    },
  );
});
