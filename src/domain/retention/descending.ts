/** Numbers are sorted by this many values at a time. */
const DIGITS = 2 ** 11;

/**
 * The positions of numbers, from the largest number to the smallest; equal ones stay in their order. A radix sort: it looks at every number a few
 * times, where a comparator is called some 17 times for each of 100,000.
 *
 * @param numbers Whole numbers that differ by less than 2^53.
 */
export function descending(numbers: Float64Array): Uint32Array {
  let largest = Number.NEGATIVE_INFINITY;
  let smallest = Number.POSITIVE_INFINITY;
  for (const number of numbers) {
    largest = Math.max(largest, number);
    smallest = Math.min(smallest, number);
  }

  let order = Uint32Array.from(numbers.keys());
  for (let unit = 1; unit <= largest - smallest; unit *= DIGITS) {
    const digits = Uint16Array.from(order, (position) => Math.floor((largest - (numbers[position] as number)) / unit) % DIGITS);
    order = byDigit(order, digits);
  }
  return order;
}

/** Sorts positions by the digits beside them, smallest first. */
function byDigit(positions: Uint32Array<ArrayBuffer>, digits: Uint16Array): Uint32Array<ArrayBuffer> {
  // Where the next position of each digit goes: after all of smaller digits.
  const next = new Uint32Array(DIGITS + 1);
  for (const digit of digits) next[digit + 1] = (next[digit + 1] as number) + 1;
  for (let digit = 1; digit <= DIGITS; digit++) next[digit] = (next[digit] as number) + (next[digit - 1] as number);

  const sorted = new Uint32Array(positions.length);
  for (let index = 0; index < positions.length; index++) {
    const digit = digits[index] as number;
    const place = next[digit] as number;
    sorted[place] = positions[index] as number;
    next[digit] = place + 1;
  }
  return sorted;
}
