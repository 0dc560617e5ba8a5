import { z } from 'zod';
import { ServiceError } from './service.ts';

/** Requests that each vault takes in ten seconds, by the emulator's clock; null = as many as come, which is the default. */
export const limitsSchema = z.strictObject({
  createsPer10s: z.int().min(0).nullable().default(null),
  othersPer10s: z.int().min(0).nullable().default(null),
});

export type Limits = z.infer<typeof limitsSchema>;

const WINDOW_MS = 10_000;

type Window = { startedAt: number; creates: number; others: number };

/** Counts requests of each vault in windows of ten seconds. */
export class VaultLimits {
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();
  #limits: Limits = { createsPer10s: null, othersPer10s: null };

  constructor(now: () => number) {
    this.#now = now;
  }

  get state(): Limits {
    return this.#limits;
  }

  set(limits: Limits): Limits {
    this.#limits = limits;
    this.#windows.clear();
    return limits;
  }

  /**
   * Counts the requests of one vault; setting a secret is a create, everything else is not.
   *
   * @throws {ServiceError} 429 Throttled, without Retry-After, as the one capture of it was
   */
  admission(vault: string): (method: string, path: string) => void {
    return (method, path) => this.#count(vault, method === 'PUT' && path.startsWith('/secrets/') ? 'creates' : 'others');
  }

  #count(vault: string, kind: 'creates' | 'others'): void {
    const most = this.#limits[`${kind}Per10s`];
    if (most === null) return;
    const window = this.#window(vault);
    if (window[kind] >= most) {
      const reason = 'VaultRequestTypeLimitReached';
      throw new ServiceError(429, 'Throttled', `Request was not processed because too many requests were received. Reason: ${reason}`);
    }
    window[kind] += 1;
  }

  #window(vault: string): Window {
    const now = this.#now();
    const current = this.#windows.get(vault);
    if (current && now >= current.startedAt && now < current.startedAt + WINDOW_MS) return current;
    const fresh = { startedAt: now, creates: 0, others: 0 };
    this.#windows.set(vault, fresh);
    return fresh;
  }
}
