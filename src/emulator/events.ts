import { attemptDelivery } from './events/attempt.ts';
import { type EventSchema, eventBody, eventHeaders } from './events/envelope.ts';
import type { EmulatorClock, VaultEvent } from './service.ts';

export type { EventSchema } from './events/envelope.ts';

/** What happens to an event on its way: it is sent twice, after the next one, or never. */
export type EventFault = 'duplicate' | 'reorder' | 'lose';

export type EventDeliveryOptions = Readonly<{
  /** Every event goes to each of these addresses. */
  urls: readonly string[];
  schema: EventSchema;
  clock: EmulatorClock;
  /** Azure resource id of a vault. */
  topicFor: (vaultName: string) => string;
  /** Asked once for each event; by default nothing happens to it. */
  faultFor?: (vaultName: string, event: VaultEvent) => EventFault | undefined;
  /** Told of every failed attempt; by default nobody is. */
  onFailure?: (url: string, reason: string) => void;
}>;

/** Carries vaults' events to their addresses as an Event Grid subscription does: at least once, in no promised order. */
export interface EventDelivery {
  /** Sends an event to every address, and again later where that fails. Returns at once. */
  emit(vaultName: string, event: VaultEvent): void;
  /** Makes every attempt that is due on the emulator's clock and resolves when these have ended. Call it when the clock was moved. */
  tick(): Promise<void>;
  /** Ends the attempts under way and drops what waits. */
  stop(): void;
}

/** One event on its way to one address; instants are epoch milliseconds of the emulator's clock. */
type Parcel = Readonly<{
  url: string;
  body: string;
  /** Attempts made so far. */
  attempts: number;
  dueMs: number;
  expiresMs: number;
  /** Waits for another event to overtake it. */
  held: boolean;
}>;

const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000];

/** Pauses after the first, second, … failed attempt; the last one repeats. */
const RETRY_AFTER_MS: readonly number[] = [
  ...[10, 30].map((n) => n * SECOND_MS),
  ...[1, 5, 10, 30].map((n) => n * MINUTE_MS),
  ...[1, 3, 6, 12].map((n) => n * HOUR_MS),
];
const MAX_ATTEMPTS = 30;
const TIME_TO_LIVE_MS = 24 * HOUR_MS;

/** An event held back for another one to overtake goes out after this time at the latest. */
const HOLD_MS = 10 * SECOND_MS;

/** However short emulated durations are: an address that fails is not asked more often, and a held event waits this long. */
const MIN_PAUSE_MS = 500;

/** The longest timer that Node keeps; a later instant is waited for in steps. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Opens delivery to `urls`. What waits for another attempt lives in this process only and is lost with it, as a consumer
 * must expect of events anyway.
 */
export function createEventDelivery(options: EventDeliveryOptions): EventDelivery {
  const { urls, schema, clock, topicFor, faultFor, onFailure } = options;
  const waiting = new Set<Parcel>();
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const pauseMs = (emulatedMs: number) => Math.max(clock.scaled(emulatedMs), MIN_PAUSE_MS);

  function emit(vaultName: string, event: VaultEvent): void {
    const fault = faultFor?.(vaultName, event);
    if (stopped.signal.aborted || fault === 'lose') return;

    const now = clock.now();
    const body = eventBody(schema, { vaultName, topic: topicFor(vaultName) }, event, new Date(now).toISOString());
    const held = fault === 'reorder';
    for (const url of urls) {
      for (let copies = fault === 'duplicate' ? 2 : 1; copies > 0; copies--) {
        waiting.add({ url, body, attempts: 0, dueMs: held ? now + pauseMs(HOLD_MS) : now, expiresMs: now + TIME_TO_LIVE_MS, held });
      }
    }
    void tick();
  }

  async function tick(): Promise<void> {
    const now = clock.now();
    const due = [...waiting].filter(({ dueMs }) => dueMs <= now);
    for (const parcel of due) waiting.delete(parcel);
    schedule();

    await Promise.all(due.map(attempt));
    schedule();
  }

  async function attempt(parcel: Parcel): Promise<void> {
    const outcome = await attemptDelivery(parcel.url, parcel.body, eventHeaders(schema, parcel.attempts), stopped.signal);
    if (stopped.signal.aborted) return;
    if (outcome === 'delivered') return releaseHeld(parcel.url);

    onFailure?.(parcel.url, outcome.reason);
    const attempts = parcel.attempts + 1;
    const pause = RETRY_AFTER_MS[attempts - 1] ?? (RETRY_AFTER_MS.at(-1) as number);
    const dueMs = clock.now() + pauseMs(pause);
    if (outcome.retry && attempts < MAX_ATTEMPTS && dueMs <= parcel.expiresMs) waiting.add({ ...parcel, attempts, dueMs });
  }

  /** Lets go of what waited to be overtaken at an address. */
  function releaseHeld(url: string): void {
    for (const parcel of [...waiting].filter((candidate) => candidate.held && candidate.url === url)) {
      waiting.delete(parcel);
      waiting.add({ ...parcel, held: false, dueMs: clock.now() });
    }
  }

  /** Sets the one timer to the next attempt. It keeps no process alive. */
  function schedule(): void {
    clearTimeout(timer);
    if (waiting.size === 0) return;
    const nextMs = Math.min(...[...waiting].map(({ dueMs }) => dueMs));
    const delayMs = Math.min(Math.max(nextMs - clock.now(), 0), MAX_TIMER_MS);
    timer = setTimeout(() => void tick(), delayMs).unref();
  }

  function stop(): void {
    stopped.abort();
    clearTimeout(timer);
    waiting.clear();
  }

  return { emit, tick, stop };
}
