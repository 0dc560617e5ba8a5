/** @throws {Error} without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error('There is no median of nothing.');
  return (lower + upper) / 2;
}

/** The median of one number of each sample. */
export const medianOf = <Sample>(samples: readonly Sample[], value: (sample: Sample) => number): number => median(samples.map(value));

type Variants = Readonly<Record<string, () => Promise<unknown>>>;
type Samples<All extends Variants> = { [Name in keyof All]: Awaited<ReturnType<All[Name]>>[] };

/**
 * Measures variants in turn, A B C A B C, so that whatever else the machine does in the meantime meets all of them alike.
 *
 * @returns The samples of every variant, in the order they were taken.
 */
export async function inTurn<All extends Variants>(rounds: number, variants: All): Promise<Samples<All>> {
  const samples = Object.fromEntries(Object.keys(variants).map((name) => [name, [] as unknown[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(variants)) samples[name]?.push(await measure());
  }
  return samples as Samples<All>;
}
