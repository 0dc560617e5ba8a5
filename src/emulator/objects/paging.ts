import type { Service, ServiceAnswer, ServiceRequest } from '../service.ts';
import { badParameter } from './body.ts';

const MAX_PAGE = 25;

/** Where a page begins: after the item with this sort key, from the start without one. */
type Cursor = Readonly<{ after?: string; pause?: boolean }>;

/** A list in its order: `read` gives at most `limit` items that follow `after`, `sortKey` what the next page starts after. */
export type Listing<Row> = Readonly<{
  read: (after: string, limit: number) => Row[];
  sortKey: (row: Row) => string;
  toItem: (row: Row) => unknown;
}>;

/**
 * Answers one page of a list. `nextLink` is absolute, carries api-version and maxresults, and is null on the last page.
 * With the trait `emptyPages` an empty page that has a `nextLink` stands between every two full ones, as the service does at times.
 *
 * @throws {ServiceError} 400 BadParameter when maxresults is not 1 to 25, or the skip token is not ours.
 */
export function listPage<Row>(request: ServiceRequest, service: Service, { read, sortKey, toItem }: Listing<Row>): ServiceAnswer {
  const limit = pageSize(request);
  const cursor = readCursor(request);
  if (cursor.pause) return { status: 200, body: { value: [], nextLink: linkTo(request, limit, { ...cursor, pause: false }) } };

  const rows = read(cursor.after ?? '', limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;

  const next = more ? linkTo(request, limit, { after: sortKey(last), pause: service.traits?.emptyPages ?? false }) : null;
  return { status: 200, body: { value: shown.map(toItem), nextLink: next } };
}

function pageSize({ query }: ServiceRequest): number {
  const asked = query.get('maxresults');
  if (asked === undefined) return MAX_PAGE;

  const size = /^\d+$/.test(asked) ? Number(asked) : 0;
  if (size < 1 || size > MAX_PAGE) throw badParameter(`maxresults must be a number from 1 to ${MAX_PAGE}.`);
  return size;
}

function readCursor({ query }: ServiceRequest): Cursor {
  const token = query.get('$skiptoken');
  if (token === undefined) return {};

  try {
    const { after, pause } = JSON.parse(Buffer.from(token, 'base64').toString());
    if (typeof after === 'string') return { after, pause: pause === true };
  } catch {
    // Falls through: a token that is no JSON is as wrong as one without a position.
  }
  throw badParameter('The skip token is not valid.');
}

function linkTo({ origin, path, query }: ServiceRequest, limit: number, cursor: Cursor): string {
  const version = query.get('api-version');
  const parameters = [
    ...(version === undefined ? [] : [`api-version=${encodeURIComponent(version)}`]),
    `$skiptoken=${encodeURIComponent(Buffer.from(JSON.stringify(cursor)).toString('base64'))}`,
    `maxresults=${limit}`,
  ];
  return `${origin}${encodeURI(path)}?${parameters.join('&')}`;
}
