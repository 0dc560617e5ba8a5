import { expect, test } from 'vitest';
import { linesOf } from '../../src/clients/lines.ts';

const all = async (lines: AsyncIterable<string>): Promise<string[]> => {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
};

test('finds lines wherever the bytes are cut, and leaves out empty ones', async () => {
  const text = 'erste Zeile\n\nzweite: ö €\nletzte ohne Ende';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    expect(await all(linesOf(chunks()))).toEqual(['erste Zeile', 'zweite: ö €', 'letzte ohne Ende']);
  }
});

test('has none where there is nothing, and fails with what it reads from', async () => {
  expect(await all(linesOf((async function* () {})()))).toEqual([]);
  const broken = (async function* () {
    yield 'a\nb';
    throw new Error('cut off');
  })();
  await expect(all(linesOf(broken))).rejects.toThrow('cut off');
});
