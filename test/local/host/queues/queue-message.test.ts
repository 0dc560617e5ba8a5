import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../../src/local/host/queues/queue-message.ts';

describe('decodeMessage', () => {
  test('reads base64 of UTF-8 text', () => {
    expect(decodeMessage(Buffer.from('{"name": "größe"}').toString('base64'), 'base64')).toBe('{"name": "größe"}');
  });

  test.each(['{"plain": 1}', 'abc', 'YQ', '/w=='])('has no text for %s, which is not base64 of UTF-8', (text) => {
    expect(decodeMessage(text, 'base64')).toBeUndefined();
  });

  test('takes the text as it is when messages are not encoded', () => {
    expect(decodeMessage('{"plain": 1}', 'none')).toBe('{"plain": 1}');
  });
});
