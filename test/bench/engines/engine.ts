/** A durable engine under load: five activities one after the other, or many at once. Everything it answers is on disk. */
export type BenchEngine = Readonly<{
  /** Runs so many orchestrations of five chained activities, so many of them at any time. */
  chains(count: number, inFlight: number): Promise<void>;
  /** One orchestration that starts so many activities at once and waits for all. */
  fanOut(width: number): Promise<void>;
}>;

export const STEPS = 5;

/** Keeps so many of `count` pieces of work going. */
export async function keepGoing(count: number, inFlight: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
