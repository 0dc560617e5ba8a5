import type { ProofLevel } from '../backup.ts';
import { isZero, parseDuration } from './duration.ts';

/** The rules that count: each keeps the newest backup of its latest periods, as many as it says. In the order of their reasons. */
export const COUNT_RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type CountRule = (typeof COUNT_RULES)[number];

/** The rules that reach back a duration and keep one backup of each period, and the period of each. */
export const WITHIN_RULES = {
  withinHourly: 'hourly',
  withinDaily: 'daily',
  withinWeekly: 'weekly',
  withinMonthly: 'monthly',
  withinYearly: 'yearly',
} as const satisfies Record<string, CountRule>;
export type WithinRule = keyof typeof WITHIN_RULES;

/**
 * What to keep. One rule is enough to keep a backup.
 *
 * - Counts: absent or 0 is off, -1 is all.
 * - `within…`: durations such as `1y2m3d4h`, back from the newest backup that is not in the future; zero is off.
 * - `keepTags`: lists of tags; a backup that carries all tags of one list is kept. An empty tag stands for "no tags at all".
 */
export type RetentionRules = Readonly<
  Partial<Record<CountRule, number>> & Partial<Record<WithinRule | 'within', string>> & { keepTags?: readonly (readonly string[])[] }
>;

/** What no rule can cross. */
export type Protection = Readonly<{
  /** Only backups of this level or a higher one are counted on, and only they take part in the rules. */
  countsFrom: ProofLevel;
  /** The newest so many proven backups stay; with fewer there is no deletion at all. */
  floor: number;
  /** Days from mark to deletion. */
  undoDays: number;
  /** More newly forgotten backups than this in one plan need an approval. */
  maxDeletesPerRun: number;
  /** A larger share of the candidates than this, 0 to 1, needs an approval. */
  maxDeleteShare: number;
  /** Days that a failed or partial backup is kept. */
  failedKeepDays: number;
}>;

/** A whole policy. Periods are those of `timeZone`, an IANA name. */
export type RetentionPolicy = Readonly<{ rules: RetentionRules; timeZone: string; protection: Protection }>;

export const DEFAULT_PROTECTION: Protection = {
  countsFrom: 'L1',
  floor: 3,
  undoDays: 7,
  maxDeletesPerRun: 10,
  maxDeleteShare: 0.5,
  failedKeepDays: 14,
};

/** Whether no rule of a policy is on. Applied, it would keep nothing: it is a mistake, never an order. */
export function isEmptyPolicy(rules: RetentionRules): boolean {
  const spans = [rules.within, ...withinRules().map((rule) => rules[rule])];
  const counts = COUNT_RULES.map((rule) => rules[rule] ?? 0);
  const spansOff = spans.every((span) => span === undefined || isZero(parseDuration(span)));
  return spansOff && !counts.some(isOn) && (rules.keepTags ?? []).length === 0;
}

/** Whether a count still keeps something: above 0, or -1 for all. */
export const isOn = (count: number): boolean => count > 0 || count === -1;

export const withinRules = (): WithinRule[] => Object.keys(WITHIN_RULES) as WithinRule[];
