// For applications, not for hsmkeep: a file of its own without imports, to be copied or imported.

export type FreshSecretOptions = Readonly<{
  /** Reads the secret by its name, without a version, so that it is the newest. */
  read: () => Promise<string>;
  /** For how long a value is used before it is read again, ms: at most a quarter of the secret's grace. */
  maxAgeMs: number;
  /** For how long a newer value is waited for when one was refused, ms. With one password the newer one is published moments after the old one ended. */
  patienceMs?: number;
}>;

/** A secret whose value may change at any time. */
export type FreshSecret = Readonly<{
  /**
   * Works with the value. Refused, it waits for another value and works once more with that one.
   *
   * @param isRefused Whether an error of the work says that the value is not accepted, such as PostgreSQL's 28P01. Others are not repeated.
   * @returns What the work returns. @throws What it throws; when no newer value came, the refusal.
   */
  use<T>(work: (value: string) => Promise<T>, isRefused: (error: unknown) => boolean): Promise<T>;
  /** To be called when a new version was announced, by Event Grid or by a webhook: the next use reads. */
  expire(): void;
}>;

const PATIENCE_MS = 2_000;
const FIRST_PAUSE_MS = 50;

/**
 * Keeps the value of a secret that is rotated: cached, read once for all who ask at the same time, read again when it is old, announced or
 * refused. While the vault cannot be read, the value at hand is used on.
 */
export function freshSecret({ read, maxAgeMs, patienceMs = PATIENCE_MS }: FreshSecretOptions): FreshSecret {
  let held: Readonly<{ value: string; readAt: number }> | undefined;
  let reading: Promise<string> | undefined;

  const readAgain = (): Promise<string> => {
    reading ??= read()
      .then((value) => {
        held = { value, readAt: performance.now() };
        return value;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  const current = async (): Promise<string> => {
    if (!held) return readAgain();
    const { value, readAt } = held;
    return performance.now() - readAt < maxAgeMs ? value : readAgain().catch(() => value);
  };

  const otherThan = async (refused: string): Promise<string | undefined> => {
    // Somebody else was refused before, and has read already.
    if (held && held.value !== refused) return held.value;
    const until = performance.now() + patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const value = await readAgain().catch(() => refused);
      if (value !== refused) return value;
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, left)));
    }
  };

  return {
    async use(work, isRefused) {
      const value = await current();
      try {
        return await work(value);
      } catch (error) {
        const other = isRefused(error) ? await otherThan(value) : undefined;
        if (other === undefined) throw error;
        return work(other);
      }
    },
    expire() {
      if (held) held = { ...held, readAt: Number.NEGATIVE_INFINITY };
    },
  };
}
