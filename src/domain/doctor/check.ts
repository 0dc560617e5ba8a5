import type { Problem } from '../views.ts';

/** What doctor looks at. */
export type CheckName =
  | 'versions'
  | 'clock'
  | 'reachable'
  | 'rights'
  | 'separation'
  | 'right to restore'
  | 'pre-backup check'
  | 'soft delete'
  | 'purge protection'
  | 'canary'
  | 'container'
  | 'escrow'
  | 'near-expiry events'
  | 'target';

/** One thing that was looked at. `unknown`: it could not be told, for a reason that is no fault of what was looked at. */
export type Check = Readonly<{
  check: CheckName;
  /** The HSM, vault, container or target; `this machine`. */
  subject: string;
  status: 'ok' | 'finding' | 'unknown';
  message: string;
  /** What to do; null where nothing is to be done. */
  hint: string | null;
}>;

type What = Readonly<{ check: CheckName; subject: string }>;

export const ok = (what: What, message: string): Check => ({ ...what, status: 'ok', message, hint: null });
export const finding = (what: What, { message, hint }: Problem): Check => ({ ...what, status: 'finding', message, hint });
export const unknown = (what: What, message: string, hint: string | null = null): Check => ({ ...what, status: 'unknown', message, hint });
