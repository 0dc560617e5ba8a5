/**
 * A secret value that lives inside one activity call. Printed it is `[redacted]`; made into JSON it throws, because JSON is how a value would
 * get into Durable state, a log or an answer.
 */
export class Sensitive {
  readonly #text: string;

  /** @throws {TypeError} for an empty text: an empty password is an anonymous login on some targets and none at all on others. */
  constructor(text: string) {
    if (text === '') throw new TypeError('A secret value must not be empty.');
    this.#text = text;
  }

  /** Hands out the plaintext for as long as the function needs it. */
  use<T>(work: (plaintext: string) => T): T {
    return work(this.#text);
  }

  /** Whether two values are the same; takes as long wherever they differ. */
  equals(other: Sensitive): boolean {
    const [mine, theirs] = [this.#text, other.#text];
    let difference = mine.length ^ theirs.length;
    for (let index = 0; index < mine.length; index += 1) difference |= mine.charCodeAt(index) ^ theirs.charCodeAt(index % theirs.length);
    return difference === 0;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): never {
    throw new TypeError('A secret value must not be serialised.');
  }

  /** What `console.log` and `util.inspect` show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}
