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
