import { describe, expect, test } from 'vitest';
import {
  type Adoptability,
  adoptabilityOf,
  mayStillBeWritten,
  notItsName,
  objectionToAdoption,
  stillWritten,
} from '../../src/domain/adoption.ts';
import { backupRecord } from '../support/backup-record.ts';

const FOLDER = 'mhsm-a-2026112202000000';
const NOW = '2026-11-22T03:00:00.000Z';

describe('adoptabilityOf', () => {
  test.each<[Adoptability, string, Parameters<typeof adoptabilityOf>]>([
    ['free', 'a folder that nobody recorded', [FOLDER, undefined, true, NOW]],
    ['missing', 'one without a blob', [FOLDER, undefined, false, NOW]],
    ['future', 'one of later than now plus five minutes', [FOLDER, undefined, true, '2026-11-22T01:54:59.999Z']],
    ['free', 'one of five minutes from now', [FOLDER, undefined, true, '2026-11-22T01:55:00.000Z']],
    ['future', 'one whose name tells no time', ['mhsm-a', undefined, true, NOW]],
    ['ours', 'a recorded backup', [FOLDER, backupRecord(), true, NOW]],
    ['failed', 'a failed one', [FOLDER, backupRecord({ status: 'failed' }), true, NOW]],
    ['gone', 'one that retention has given up', [FOLDER, backupRecord({ gone: { at: NOW, run: 'r' } }), true, NOW]],
  ])('%s: %s', (state, _what, given) => {
    expect(adoptabilityOf(...given)).toBe(state);
  });
});

test('only what is free or ours may be adopted, and the words say what else it is', () => {
  expect([objectionToAdoption('a', FOLDER, 'free'), objectionToAdoption('a', FOLDER, 'ours')]).toEqual([undefined, undefined]);
  const objections = (['missing', 'future', 'failed', 'gone'] as const).map((state) => objectionToAdoption('a', FOLDER, state));
  expect(objections.map((objection) => objection?.status)).toEqual([404, 409, 409, 410]);
  for (const objection of objections) expect(objection?.message).toContain(FOLDER);
  expect(notItsName('a', 'x')).toMatchObject({ status: 400, message: expect.stringContaining('x is not named as a backup of a') });
});

test('a folder of less than a day ago may still be written', () => {
  const at = (now: string) => mayStillBeWritten(FOLDER, now);
  expect([at(NOW), at('2026-11-23T01:59:59.999Z'), at('2026-11-23T02:00:00.000Z')]).toEqual([true, true, false]);
  expect(mayStillBeWritten('mhsm-a', NOW)).toBe(true);
  expect(stillWritten(FOLDER, { message: 'It is busy.', hint: 'Wait.' })).toEqual({
    message: `Whether a backup still writes ${FOLDER} could not be found out: It is busy.`,
    hint: 'Wait. From 24 hours after its time it is adopted without asking the HSM.',
  });
});
