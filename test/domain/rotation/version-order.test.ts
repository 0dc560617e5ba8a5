import { describe, expect, test } from 'vitest';
import { newestFirst } from '../../../src/domain/rotation/version-order.ts';

type Version = Parameters<typeof newestFirst>[0][number];
const [EARLIER, SECOND] = ['2026-11-23T07:00:00.000Z', '2026-11-23T08:00:00.000Z'];
const made = (version: string, createdAt: string, base?: string): Version => ({
  version,
  createdAt,
  tags: base === undefined ? {} : { 'rot-base': base },
});
const ids = (versions: Parameters<typeof newestFirst>[0]): string[] => newestFirst(versions).map(({ version }) => version);

describe('the order of versions', () => {
  test('is that of their creation', () => {
    expect(ids([made('a', EARLIER), made('b', SECOND, 'a')])).toEqual(['b', 'a']);
    expect(ids([made('b', SECOND), made('a', EARLIER, 'b')])).toEqual(['b', 'a']);
  });

  test.each([['abcd'], ['dcba'], ['bdac']])(
    'within one second, whatever order they are listed in (%s), is that in which they replaced one another',
    (order) => {
      const chain = [made('a', EARLIER), made('b', SECOND, 'a'), made('c', SECOND, 'b'), made('d', SECOND, 'c')];
      const listed = [...order].flatMap((id) => chain.filter(({ version }) => version === id));
      expect(ids(listed)).toEqual(['d', 'c', 'b', 'a']);
    },
  );

  test('has an end where the tags were edited into a circle', () => {
    expect(ids([made('a', SECOND, 'b'), made('b', SECOND, 'a')]).sort()).toEqual(['a', 'b']);
  });
});
