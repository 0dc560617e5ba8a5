import { shortHash } from '../hash.ts';
import type { NoticeBody, NoticeOn } from '../notices.ts';
import type { SecretTotals } from './totals.ts';

/** The secrets of a vault that somebody was told of. */
export type Told = Pick<SecretTotals, 'overdue' | 'retireOverdue'>;

export const NOTHING_TOLD: Told = { overdue: [], retireOverdue: [] };

type Addressed = Readonly<{ on: NoticeOn; body: NoticeBody }>;

/** So many names are spelled out; a storm of them is a number. */
const NAMES_AT_MOST = 20;

/**
 * What is to be told of a vault's secrets: each trouble once, and when it is over.
 *
 * @param before Whom somebody was told of before.
 * @param current How it is now.
 * @param now ISO 8601 UTC.
 */
export function secretNotices(vault: string, before: Told, current: Told, now: string): Addressed[] {
  const troubled = new Set([...current.overdue, ...current.retireOverdue]);
  const well = [...new Set([...before.overdue, ...before.retireOverdue])].filter((name) => !troubled.has(name));
  const notice = (on: NoticeOn, type: NoticeBody['type'], names: readonly string[], what: string, hint?: string): Addressed[] =>
    names.length === 0 ? [] : [{ on, body: bodyOf(vault, type, [...names].sort(), now, [what, hint]) }];
  return [
    ...notice(
      'overdue',
      'secrets.overdue',
      without(current.overdue, before.overdue),
      'should have been rotated more than a day ago',
      'hsmkeep run list --kind rotation',
    ),
    ...notice(
      'overdue',
      'secrets.old-valid',
      without(current.retireOverdue, before.retireOverdue),
      'have an old credential that should have ended more than a day ago, and may still be valid',
      'hsmkeep run list --kind rotation; mend the cause, then hsmkeep secret resume',
    ),
    ...notice('recovered', 'secrets.recovered', well, 'are well again'),
  ];
}

const without = (names: readonly string[], known: readonly string[]): string[] => names.filter((name) => !known.includes(name));

function bodyOf(
  vault: string,
  type: NoticeBody['type'],
  names: readonly string[],
  now: string,
  [what, hint]: readonly [string, string | undefined],
): NoticeBody {
  const shown = names.slice(0, NAMES_AT_MOST);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  const text = `Secrets of ${vault} ${what}: ${shown.join(', ')}${more}.`;
  return {
    // The same for the same names on one day: what is sent twice after a crash is known by it.
    id: `${vault}.${now.slice(0, 'yyyy-MM-dd'.length)}.${type.replace(/^.*\./, '')}.${shortHash(names.join(','))}`,
    type,
    at: now,
    text: hint === undefined ? text : `${text}\nWhat to do: ${hint}`,
    secrets: { vault, count: names.length, names: shown },
  };
}
