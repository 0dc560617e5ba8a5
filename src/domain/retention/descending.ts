/** Numbers are sorted by this many values at a time. */
const DIGITS = 2 ** 13;

/**
 * The positions of numbers, from the largest number to the smallest; equal ones stay in their order. A radix sort: it looks at every
 * number a few times, where a comparator is called some 17 times for each of 100,000.
 *
 * @param numbers Whole numbers that differ by less than 2^53.
 */
export function descending(numbers: Float64Array): Uint32Array {
  const [smallest, largest] = range(numbers);
  let order = new Uint32Array(numbers.length).map((_, position) => position);
  for (let unit = 1; unit <= largest - smallest; unit *= DIGITS) {
    order = sortByDigit(order, (position) => Math.floor((largest - (numbers[position] as number)) / unit) % DIGITS);
  }
  return order;
}

function range(numbers: Float64Array): [smallest: number, largest: number] {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) {
    if (number < smallest) smallest = number;
    if (number > largest) largest = number;
  }
  return [smallest, largest];
}

/** Sorts positions by one digit, smallest first; those of one digit stay in their order. */
function sortByDigit(positions: Uint32Array<ArrayBuffer>, digitOf: (position: number) => number): Uint32Array<ArrayBuffer> {
  const digits = positions.map(digitOf);
  // Where the next position of each digit goes: behind all of smaller digits.
  const places = new Uint32Array(DIGITS + 1);
  for (const digit of digits) places[digit + 1] = (places[digit + 1] as number) + 1;
  for (let digit = 1; digit <= DIGITS; digit++) places[digit] = (places[digit] as number) + (places[digit - 1] as number);

  const sorted = new Uint32Array(positions.length);
  for (let index = 0; index < positions.length; index++) {
    const digit = digits[index] as number;
    const place = places[digit] as number;
    sorted[place] = positions[index] as number;
    places[digit] = place + 1;
  }
  return sorted;
}
