import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disagreements, sortPrefixes } from '../../../src/domain/retention/listing.ts';
import { holds } from './law.ts';

const HSMS = ['east', 'east-dr', 'west'] as const;
const twoDigits = (from: number, to: number) => fc.integer({ min: from, max: to }).map((part) => String(part).padStart(2, '0'));
/** 16 digits that are a time; to the 28th, which every month has. */
const digits = fc
  .tuple(
    fc.integer({ min: 1990, max: 2080 }),
    twoDigits(1, 12),
    twoDigits(1, 28),
    twoDigits(0, 23),
    twoDigits(0, 59),
    twoDigits(0, 59),
    twoDigits(0, 99),
  )
  .map((parts) => parts.join(''));
const instantOf = (text: string): string => text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6.$70Z');
const anyCase = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.record({ text, isUpper: fc.boolean() }).map(({ text, isUpper }) => (isUpper ? `mhsm-${text.slice(5).toUpperCase()}` : text));

const folderOf = (hsm: string): fc.Arbitrary<string> => anyCase(digits.map((text) => `mhsm-${hsm}-${text}`));
/** No time: too short, too long, a month 13, a day that the month lacks, an hour 24, or no digits at all. */
const brokenOf = (hsm: string): fc.Arbitrary<string> =>
  anyCase(
    fc
      .oneof(
        digits.map((text) => text.slice(1)),
        digits.map((text) => `${text}0`),
        digits.map((text) => `${text.slice(0, 4)}13${text.slice(6)}`),
        digits.map((text) => `${text.slice(0, 4)}0231${text.slice(8)}`),
        digits.map((text) => `${text.slice(0, 8)}24${text.slice(10)}`),
        fc.constantFrom('', 'new', 'backup-of-mine'),
      )
      .map((end) => `mhsm-${hsm}-${end}`),
  );
const strange = fc.constantFrom('photos', 'hsmkeep', 'mhsm-', 'mhsm-eastern', 'mhsm-south-2026112202000012');

describe('sortPrefixes', { timeout: 60_000 }, () => {
  test('knows every prefix for what it is to this HSM: its backup, a broken name of its own, or somebody else’s', () => {
    const lists = fc.record({
      own: fc.array(folderOf('east'), { maxLength: 4 }),
      broken: fc.array(brokenOf('east'), { maxLength: 2 }),
      longer: fc.array(fc.oneof(folderOf('east-dr'), brokenOf('east-dr')), { maxLength: 3 }),
      others: fc.array(fc.oneof(folderOf('west'), brokenOf('west'), strange), { maxLength: 3 }),
      isLongerConfigured: fc.boolean(),
    });
    holds(
      lists,
      ({ own, broken, longer, others, isLongerConfigured }) => {
        const configured = HSMS.filter((name) => isLongerConfigured || name !== 'east-dr');
        // Without that HSM, what is no whole name of a backup begins like one of this HSM's, and is broken.
        const isBroken = (prefix: string): boolean =>
          !isLongerConfigured && sortPrefixes('east-dr', configured, [prefix]).malformed.length > 0;
        const sorted = sortPrefixes('east', configured, [...own, ...broken, ...longer, ...others]);
        expect(sorted.folders).toEqual(own);
        expect(sorted.malformed).toEqual([...broken, ...longer.filter(isBroken)]);
        expect(sorted.other).toBe(longer.length + others.length - longer.filter(isBroken).length);
        return own.length > 0 && longer.length > 0;
      },
      0.5,
    );
  });
});

describe('disagreements', { timeout: 60_000 }, () => {
  test('are records whose folder is not there, or is of another time; none of what was given up before', () => {
    const recorded = fc.record({ folder: folderOf('east'), isListed: fc.boolean(), isOff: fc.boolean(), gone: fc.boolean() });
    holds(
      fc.uniqueArray(recorded, { selector: ({ folder }) => folder, maxLength: 6 }),
      (items) => {
        const listed = items.filter(({ isListed }) => isListed).map(({ folder }) => folder);
        const records = items.map(({ folder, isOff, gone }) => {
          const takenMs = Date.parse(instantOf(folder.slice(-16)));
          return { folder, gone, takenAt: new Date(takenMs + (isOff ? 10 : 0)).toISOString() };
        });
        const expected = items.filter(({ isListed, isOff, gone }) => !gone && (!isListed || isOff)).map(({ folder }) => folder);
        expect(disagreements(listed, records)).toEqual(expected);
        return expected.length > 0 && expected.length < items.length;
      },
      0.5,
    );
  });
});
