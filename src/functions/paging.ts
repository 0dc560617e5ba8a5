import { isPeriod, parseInstant } from '../domain/report/period.ts';
import type { Page } from '../domain/views.ts';
import { HttpProblem } from './problem.ts';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;

/** Which part of a list is asked for: `top` items after `skip`. @throws {HttpProblem} 400 */
export function pageRequest(query: URLSearchParams): Readonly<{ top: number; skip: number }> {
  const number = (name: string, fallback: number, most: number): number => {
    const text = query.get(name);
    const value = text === null ? fallback : Number(text);
    if (Number.isInteger(value) && value >= 0 && value <= most) return value;
    throw new HttpProblem(400, {
      message: `${name} must be a whole number from 0 to ${most}.`,
      hint: 'Follow nextLink from page to page.',
    });
  };
  return { top: Math.max(1, number('top', DEFAULT_PAGE, LARGEST_PAGE)), skip: number('skip', 0, Number.MAX_SAFE_INTEGER) };
}

/** One page of a list, with the address of the next one where there is more. */
export function pageOf<T>(items: readonly T[], url: URL): Page<T> {
  const { top, skip } = pageRequest(url.searchParams);
  const value = items.slice(skip, skip + top);
  if (skip + top >= items.length) return { value };
  const next = new URL(url);
  next.searchParams.set('top', String(top));
  next.searchParams.set('skip', String(skip + top));
  return { value, nextLink: `${next.pathname}${next.search}` };
}

/**
 * The period of a query, from `from` to before `to`: instants, or days (which begin at midnight UTC). Undefined when neither is named.
 *
 * @throws {HttpProblem} 400
 */
export function periodOf(query: URLSearchParams, now: string): Readonly<{ from: string; to: string }> | undefined {
  const instant = (name: string): string | undefined => {
    const text = query.get(name);
    const parsed = text === null ? undefined : parseInstant(text);
    if (text === null || parsed !== undefined) return parsed;
    throw new HttpProblem(400, {
      message: `${name} is neither a day nor an instant: ${text.slice(0, 40)}.`,
      hint: 'Such as 2026-11-22 or 2026-11-22T10:00:00Z.',
    });
  };
  const [from, to] = [instant('from'), instant('to')];
  if (from === undefined && to === undefined) return undefined;
  if (from !== undefined && isPeriod(from, to ?? now)) return { from, to: to ?? now };
  throw new HttpProblem(400, {
    message: 'from must be named, lie before to, and not more than two years before it.',
    hint: 'Such as from=2026-08-01&to=2026-11-01.',
  });
}
