import { type Calendar, PERIOD } from './calendar.ts';
import { isZero, parseDuration, showDuration } from './duration.ts';
import { COUNT_RULES, type CountRule, isOn, type RetentionRules, WITHIN_RULES, withinRules } from './policy.ts';

/** A backup as the rules see it: when it was taken (ms since 1970, UTC) and its tags. */
export type DatedItem = Readonly<{ takenMs: number; tags?: readonly string[] }>;

/** How much each count rule that is on may still keep; -1 is all. */
export type CountsLeft = Readonly<Partial<Record<CountRule, number>>>;

/** `reasons` is empty when no rule keeps the item. `left`: the counts after a kept item. */
export type RuleVerdict = Readonly<{ reasons: readonly string[]; left?: CountsLeft }>;

const FORGOTTEN: RuleVerdict = { reasons: [] };

/** A rule under way: the period that it kept last, and how much it may still keep. */
type PeriodRule = { readonly label: string; readonly periodOf: (localMs: number, index: number) => number; last: number };
type CountingRule = PeriodRule & { readonly name: CountRule; left: number };
type ReachingRule = PeriodRule & { readonly cutOffMs: number };

/**
 * Applies restic's keep rules, exactly. Each rule goes from newest to oldest and keeps the newest item of each period; periods without an
 * item do not count, and a rule that is not filled at the end keeps the oldest item as well. `within…` reaches back from the reference; an
 * item exactly at the cut-off is out.
 *
 * @param items Newest first.
 * @param referenceMs See {@link referenceOf}; undefined when everything is in the future, and then `within…` keeps it all.
 * @returns One verdict for each item, in the same order. Reasons are restic's words: `daily snapshot`, `oldest weekly snapshot`, `within 7d`.
 * @see https://restic.readthedocs.io/en/stable/060_forget.html
 */
export function applyRules(
  rules: RetentionRules,
  items: readonly DatedItem[],
  calendar: Calendar,
  referenceMs: number | undefined,
): RuleVerdict[] {
  const cutOff = (span: string): number =>
    referenceMs === undefined ? Number.NEGATIVE_INFINITY : calendar.minus(referenceMs, parseDuration(span));

  const tagLists = rules.keepTags ?? [];
  const within = isReach(rules.within) ? { cutOffMs: cutOff(rules.within), reason: `within ${show(rules.within)}` } : undefined;
  const counting = COUNT_RULES.flatMap((name) => countingRule(name, rules[name] ?? 0));
  const reaching = withinRules().flatMap((name) => {
    const span = rules[name];
    return isReach(span) ? reachingRule(WITHIN_RULES[name], span, cutOff(span)) : [];
  });

  return items.map((item, index) => {
    const { takenMs } = item;
    const localMs = calendar.toLocal(takenMs);
    const oldest = index === items.length - 1;
    const reasons: string[] = [];

    for (const tags of tagLists) if (carries(item, tags)) reasons.push(`has tags [${tags.join(', ')}]`);
    if (within && takenMs > within.cutOffMs) reasons.push(within.reason);
    for (const rule of counting) {
      if (!isOn(rule.left) || !claims(rule, rule.periodOf(localMs, index), oldest, reasons)) continue;
      if (rule.left > 0) rule.left--;
    }
    for (const rule of reaching) if (takenMs > rule.cutOffMs) claims(rule, rule.periodOf(localMs, index), oldest, reasons);

    return reasons.length === 0 ? FORGOTTEN : { reasons, left: countsLeft(counting) };
  });
}

/**
 * What `within…` reaches back from: the newest item that is not in the future. Held ones count here, though they take no part in the
 * rules: months differ in length, so an earlier reference can give a later cut-off, and a hold must forget nothing.
 *
 * @param items Newest first.
 */
export const referenceOf = (items: readonly DatedItem[], nowMs: number): number | undefined =>
  items.find(({ takenMs }) => takenMs <= nowMs)?.takenMs;

/** Whether any of the rules is a `within…`. */
export const reachesBack = (rules: RetentionRules): boolean => isReach(rules.within) || withinRules().some((name) => isReach(rules[name]));

/** A rule claims an item that begins a period, and the oldest item of all. */
function claims(rule: PeriodRule, period: number, oldest: boolean, reasons: string[]): boolean {
  const begun = period !== rule.last;
  if (!begun && !oldest) return false;
  reasons.push(begun ? rule.label : `oldest ${rule.label}`);
  rule.last = period;
  return true;
}

const carries = ({ tags = [] }: DatedItem, wanted: readonly string[]): boolean =>
  wanted.every((tag) => (tag === '' ? tags.length === 0 : tags.includes(tag)));

const countingRule = (name: CountRule, count: number): CountingRule[] =>
  isOn(count) ? [{ name, label: `${name} snapshot`, periodOf: periodOf(name), left: count, last: Number.NaN }] : [];

const reachingRule = (period: CountRule, span: string, cutOffMs: number): ReachingRule => ({
  label: `${period} within ${show(span)}`,
  periodOf: periodOf(period),
  cutOffMs,
  last: Number.NaN,
});

/** `last` gives every item a period of its own. */
const periodOf = (name: CountRule): PeriodRule['periodOf'] => (name === 'last' ? (_localMs, index) => index : PERIOD[name]);

const isReach = (span: string | undefined): span is string => span !== undefined && !isZero(parseDuration(span));
const show = (span: string): string => showDuration(parseDuration(span));
const countsLeft = (rules: readonly CountingRule[]): CountsLeft => Object.fromEntries(rules.map(({ name, left }) => [name, left]));
