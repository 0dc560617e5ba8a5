import { describe, expect, test } from 'vitest';
import { anonymised, answersOf, nameShape, QUESTIONS } from '../../../src/domain/verify/answers.ts';

describe('anonymised', () => {
  test('leaves nothing that tells who or where', () => {
    const text =
      'CONTOSO-hsm at https://contoso.blob.core.windows.net/x, (caller 11112222-3333-4444-8555-666677778888, job 0f1e2d3c4b5a69788796a5b4c3d2e1f0) from 10.0.0.4:443 at 2026112202000012';
    expect(anonymised(text, ['contoso-hsm', 'x'])).toBe('<name> at <url>, (caller <guid>, job <hex>) from <address> at <16 digits>');
  });

  test('knows a GUID for one when a short name happens to stand inside it', () => {
    expect(anonymised('id a8896d58-2a3f-4127-b165-adfcb3dc11f7 of 127', ['127'])).toBe('id <guid> of <name>');
  });

  test('takes longer names first, and names with signs as they are', () => {
    expect(anonymised('mhsm-a.b mhsm-axb hsm', ['a.b', 'mhsm-a.b'])).toBe('<name> mhsm-axb hsm');
  });
});

test('nameShape tells blobs apart by kind, not by number', () => {
  expect(['part-0001.bin', 'part-0002.bin', 'keys/0f1e2d3c4b5a69788796a5b4c3d2e1f0'].map(nameShape)).toEqual([
    'part-<4d>.bin',
    'part-<4d>.bin',
    'keys/<hex>',
  ]);
});

test('answersOf gives every question, with null for what was not asked', () => {
  const answers = answersOf(new Map([['settings', 'contoso-hsm: 200']]), ['contoso-hsm']);
  expect(answers.map(({ id }) => id)).toEqual(Object.keys(QUESTIONS));
  expect(answers.filter(({ answer }) => answer !== null)).toEqual([
    { id: 'settings', question: QUESTIONS.settings, answer: '<name>: 200' },
  ]);
});
