/**
 * FNV-1a, eight hexadecimal digits: tells names apart, and protects nothing.
 *
 * @see http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function shortHash(text: string, seed = 0x811c9dc5): string {
  const sum = [...text].reduce((value, letter) => Math.imul(value ^ letter.charCodeAt(0), 0x01000193) >>> 0, seed);
  return sum.toString(16).padStart(8, '0');
}
