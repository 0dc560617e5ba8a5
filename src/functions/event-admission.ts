import type { DurableClient } from 'durable-functions';
import { HOUR_MS } from '../domain/rotation/duration.ts';
import { plannedRunId } from '../domain/run-id.ts';
import { sweepSecrets } from '../orchestrators/sweep-secrets.ts';
import { listLive, startOnce } from './start-run.ts';

/** Of so many secrets of a vault rotations begin by events in ten seconds, in this process; more at once are a storm. */
const STARTS = 10;
const WINDOW_MS = 10_000;
/** Events are looked at side by side: one may ask so long after it came, and after later ones. */
const LONGEST_LOOK_MS = 600_000;
/** A sweep that was just seen to is not seen to again at once: each look asks for every orchestration that lives. */
const SEEN_MS = 30_000;
/** What became due since the hourly sweep before, and a little more. */
const LOOK_MS = 2 * HOUR_MS;

type Recent = { startedAt: number; secrets: Set<string>; sweptAt: number };

/**
 * Keeps a storm of events from becoming as many orchestrations: beyond a few, a sweep is started in their place, which begins what is due in its
 * order and within what vault and targets take. Forgetting this (another process, a restart) does no harm.
 */
export class EventAdmission {
  readonly #recent = new Map<string, Recent>();

  /** Whether a rotation may begin by an event of this secret. Duplicates count once: they become no orchestrations. */
  admits(vault: string, secret: string, now: string): boolean {
    const { secrets } = this.#of(vault, Date.parse(now));
    if (secrets.size < STARTS) secrets.add(secret);
    return secrets.has(secret);
  }

  /** Sees to it that a sweep of the vault is under way. @throws when the engine does not answer */
  async sweep(durable: DurableClient, vault: string, now: string): Promise<void> {
    const recent = this.#of(vault, Date.parse(now));
    if (Math.abs(Date.parse(now) - recent.sweptAt) < SEEN_MS) return;
    if ((await listLive(durable, `sweep-${vault}-`)).length === 0)
      await startOnce(durable, sweepSecrets, plannedRunId('sweep', vault, now), { vault, lookMs: LOOK_MS, part: null });
    recent.sweptAt = Date.parse(now);
  }

  #of(vault: string, nowMs: number): Recent {
    const known = this.#recent.get(vault);
    if (known && nowMs > known.startedAt - LONGEST_LOOK_MS && nowMs < known.startedAt + WINDOW_MS) return known;
    const fresh = { startedAt: nowMs, secrets: new Set<string>(), sweptAt: known?.sweptAt ?? 0 };
    this.#recent.set(vault, fresh);
    return fresh;
  }
}
