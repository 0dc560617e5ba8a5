/** The person, or the system, asked the command to end. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

export type Interruption = Readonly<{
  /** Aborted at the first signal, with {@link Interrupted}; later ones change nothing, for the stop is under way. */
  signal: AbortSignal;
  /** Never resolves; rejects at the first signal. */
  happens: Promise<never>;
  /** Leaves the signals to the system again. */
  release(): void;
}>;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Takes Ctrl-C and its like over, so that what was started can be stopped in order; so is the end of the launcher, where it holds a channel to us.
 */
export function takeInterruptions(onFirst: () => void): Interruption {
  const controller = new AbortController();
  const happens = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  // Raced by whoever waits; alone it is no failure.
  happens.catch(() => undefined);

  const interrupt = (): void => {
    if (controller.signal.aborted) return;
    onFirst();
    controller.abort(new Interrupted());
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  process.on('disconnect', interrupt);
  // The channel only tells of the launcher's end: it must not keep us alive.
  process.channel?.unref();
  return {
    signal: controller.signal,
    happens,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
      process.off('disconnect', interrupt);
    },
  };
}
