import { setTimeout as wait } from 'node:timers/promises';
import { AbortError, type AbortSignalLike } from '@azure/abort-controller';

/** One listener per foreign signal, however often it is combined. */
const adopted = new WeakMap<AbortSignalLike, AbortSignal>();

/** A signal that is aborted as soon as one of the given ones is. Takes any implementation of the Azure interface. */
export function anySignal(...signals: readonly (AbortSignalLike | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined).map(toNative));
}

/** @throws {AbortError} when the signal is aborted before the time is over */
export async function delay(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(delayMs, undefined, { signal });
  } catch {
    throw new AbortError('The operation was aborted.');
  }
}

/** @throws {AbortError} when the signal is aborted */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AbortError('The operation was aborted.');
}

function toNative(signal: AbortSignalLike): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const known = adopted.get(signal);
  if (known) return known;

  const controller = new AbortController();
  if (signal.aborted) controller.abort();
  else signal.addEventListener('abort', () => controller.abort(), { once: true });
  adopted.set(signal, controller.signal);
  return controller.signal;
}
