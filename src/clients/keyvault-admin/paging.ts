import { getPagedAsyncIterator, type PagedAsyncIterableIterator } from '@azure/core-paging';
import type { HttpResponse } from '@azure-rest/core-client';
import type { Connection } from './connection.ts';
import { bodyOf } from './responses.ts';

type WirePage<TWire> = Readonly<{ value?: readonly TWire[]; nextLink?: string | null }>;

/**
 * A list that is read page by page while it is iterated. Follows `nextLink`; page sizes are not sent, the service knows none.
 * The pages of `byPage()` carry `continuationToken` when there are more.
 *
 * @param get Sends a GET to a path or an absolute URL.
 * @throws {Error} while iterating, when a page's link or a continuation token leads to another host
 */
export function listPages<TWire, TElement>(
  { isOwn }: Connection,
  firstPath: string,
  get: (pathOrUrl: string) => PromiseLike<HttpResponse>,
  toElement: (wire: TWire) => TElement,
): PagedAsyncIterableIterator<TElement> {
  return getPagedAsyncIterator<TElement, TElement[]>({
    firstPageLink: firstPath,
    async getPage(link) {
      if (!isOwn(link)) throw new Error('The link to the next page leads to another host.');
      const { value = [], nextLink } = bodyOf<WirePage<TWire>>(await get(link), '200');
      const page = value.map(toElement);
      return nextLink ? { page: Object.assign(page, { continuationToken: nextLink }), nextPageLink: nextLink } : { page };
    },
  });
}
