import { expect, test } from 'vitest';
import { checkTable } from '../../src/cli/output/check-views.ts';
import type { Check } from '../../src/domain/doctor/check.ts';
import { NOW } from './support.ts';

const output = { write: () => undefined };
const io = { stdout: output, stderr: output, env: {}, cwd: '/', now: () => NOW };
const finding = (subject: string): Check => ({ subject, check: 'target', status: 'finding', message: 'does not answer', hint: 'Look.' });

test('a subject that is too long for its column keeps both ends there, and is whole where something is to be done', () => {
  const id =
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/contosodata';
  const text = checkTable([finding(id), finding('contoso-hsm')], io);
  expect(text).toMatch(/\nWRONG {2}\/subscriptio….*storageAccounts\/contosodata {2}target/);
  expect(text).toContain('\nWRONG  contoso-hsm ');
  expect(text).toContain(`${id}, target: does not answer\n  Look.\n`);
  expect(
    Math.max(
      ...text
        .split('\n')
        .slice(0, 3)
        .map((line) => line.length),
    ),
  ).toBeLessThan(100);
});
