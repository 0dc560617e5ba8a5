import { calendarOf } from './calendar.ts';
import { outcomeOfOutsider } from './outsiders.ts';
import type { Protection, RetentionPolicy } from './policy.ts';
import { pinReasons } from './protections.ts';
import { type DatedBackup, isCandidate, type RetainedBackup } from './retained-backup.ts';
import { applyRules, type CountsLeft, type RuleVerdict, reachesBack, referenceOf } from './rules.ts';

/** What becomes of one backup and why; never without a reason. `left`: what the counts of the rules are after one that they keep. */
export type Decision = Readonly<{ id: string; keep: boolean; reasons: readonly string[]; left?: CountsLeft }>;

type Rules = Pick<RetentionPolicy, 'rules' | 'timeZone'>;

/** A backup and its part in the plan. Pinned ones stay beside the rules, so that a pin uses up no count. */
type Considered = DatedBackup & Readonly<{ candidate: boolean; pins: readonly string[] }>;

const NOTHING: readonly string[] = [];
const NO_RULE: readonly string[] = ['no rule keeps it'];

/**
 * Decides about every backup: by the rules, by what protects it, and by what it is when it is no candidate.
 *
 * @param backups Newest first.
 * @returns In the same order.
 */
export function decide(policy: RetentionPolicy, backups: readonly DatedBackup[], nowMs: number): Decision[] {
  const { protection } = policy;
  const considered = backups.map((item) => consider(item, isCandidate(item.backup, protection.countsFrom), nowMs));
  const verdictOf = judge(policy, considered, nowMs);
  const reference = reachesBack(policy.rules) ? considered.find(({ candidate, takenMs }) => candidate && takenMs <= nowMs) : undefined;

  let newerCandidates = 0;
  return considered.map((item) => {
    if (!item.candidate) return decideOnOutsider(item, protection, nowMs);
    const protections = protectionReasons(item, newerCandidates, protection.floor, item === reference);
    newerCandidates++;
    return decisionOf(item.backup, verdictOf(item), protections);
  });
}

/** Decides by the rules alone, every backup a candidate; held ones stay. Newest first, in and out. */
export function decideByRules(rules: Rules, backups: readonly DatedBackup[], nowMs: number): Decision[] {
  const considered = backups.map((item) => consider(item, true, nowMs));
  const verdictOf = judge(rules, considered, nowMs);
  return considered.map((item) => decisionOf(item.backup, verdictOf(item), item.pins));
}

const consider = ({ backup, takenMs, tags }: DatedBackup, candidate: boolean, nowMs: number): Considered => ({
  backup,
  takenMs,
  tags,
  candidate,
  pins: pinReasons(backup, nowMs),
});

const takesPart = ({ candidate, pins }: Considered): boolean => candidate && pins.length === 0;

/** The verdicts of the rules, to be asked for in the order of the backups; undefined for one that takes no part. */
function judge(
  { rules, timeZone }: Rules,
  considered: readonly Considered[],
  nowMs: number,
): (item: Considered) => RuleVerdict | undefined {
  const candidates = considered.filter(({ candidate }) => candidate);
  const verdicts = applyRules(rules, candidates.filter(takesPart), calendarOf(timeZone), referenceOf(candidates, nowMs)).values();
  return (item) => (takesPart(item) ? verdicts.next().value : undefined);
}

/**
 * What `within…` reaches back from stays as well, should the newest be some minutes ahead of the clock: without it they would reach back from
 * an earlier backup, and could keep less of the rest.
 */
function protectionReasons({ pins }: Considered, newerCandidates: number, floor: number, isReference: boolean): readonly string[] {
  const first = newerCandidates === 0 ? ['newest proven'] : isReference ? ['newest proven not in the future'] : NOTHING;
  const last = newerCandidates < floor ? [`floor ${floor}`] : NOTHING;
  return first.length + last.length === 0 ? pins : [...first, ...pins, ...last];
}

function decisionOf({ id }: RetainedBackup, verdict: RuleVerdict | undefined, protections: readonly string[]): Decision {
  const byRules = verdict?.reasons ?? NOTHING;
  if (byRules.length + protections.length === 0) return { id, keep: false, reasons: NO_RULE };
  return { id, keep: true, reasons: [...byRules, ...protections], ...(verdict?.left && { left: verdict.left }) };
}

function decideOnOutsider({ backup, takenMs, pins }: Considered, protection: Protection, nowMs: number): Decision {
  const { keep, reason } = outcomeOfOutsider(backup, nowMs - takenMs, protection);
  // What pins a failed backup speaks for itself; that its days are over would only confuse.
  return keep || pins.length === 0 ? { id: backup.id, keep, reasons: [reason, ...pins] } : { id: backup.id, keep: true, reasons: pins };
}
