import { ALPHABETS, type RotationPolicy } from '../domain/rotation/policy.ts';
import { Sensitive } from '../domain/rotation/sensitive.ts';

/**
 * Makes a value of the policy's length out of its alphabet, every character as likely as any other.
 *
 * @param random Bytes from a generator fit for keys.
 */
export function randomValue(
  { alphabet, length }: Pick<RotationPolicy, 'alphabet' | 'length'>,
  random: (bytes: number) => Uint8Array,
): Sensitive {
  const letters = ALPHABETS[alphabet];
  // Bytes beyond the last whole multiple would favour the first letters.
  const limit = 256 - (256 % letters.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random(length)) if (byte < limit && text.length < length) text += letters[byte % letters.length];
  }
  return new Sensitive(text);
}
