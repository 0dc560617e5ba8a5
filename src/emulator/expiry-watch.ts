import type { MovableClock } from './clock.ts';
import { announceExpiries } from './secrets/expiry.ts';
import type { Service } from './service.ts';

/** How late an expiry may be announced when nothing moves the clock. */
const EVERY_MS = 10_000;

/** A vault and the URL it is reached at, for the identifiers in its events. */
export type WatchedVault = Readonly<{ service: Service; origin: string }>;

/**
 * Announces the secrets that come near their expiry, or reach it, as the clock passes: at once, when the clock is moved, and every few
 * seconds. Returns a way to stop it.
 */
export function watchExpiries(clock: MovableClock, vaults: readonly WatchedVault[]): () => void {
  const look = () => {
    for (const { service, origin } of vaults) announceExpiries(service, origin);
  };
  look();
  const forget = clock.watch(look);
  const timer = setInterval(look, EVERY_MS);
  return () => {
    forget();
    clearInterval(timer);
  };
}
