import type { Access } from './access.ts';
import { RefusedError, TransientError } from './errors.ts';

const DEADLINE_MS = 20_000;
const MOST_PAGES = 50;

/** Azure Resource Manager, as far as doctor reads it. */
export type Arm = Readonly<{
  /** A resource; undefined when there is none. @throws {RefusedError} {TransientError} */
  get<T>(id: string, apiVersion: string): Promise<T | undefined>;
  /** Every item of a list, over all pages. */
  list<T>(path: string, apiVersion: string, query?: string): Promise<readonly T[]>;
}>;

/** @param endpoint `https://management.azure.com`, or another cloud's. */
export function azureArm(endpoint: string, { credential }: Access): Arm {
  const base = endpoint.replace(/\/$/, '');
  const ask = async (url: string): Promise<unknown> => {
    if (new URL(url).origin !== new URL(base).origin) throw new TransientError('Azure Resource Manager named a page on another host');
    const abortSignal = AbortSignal.timeout(DEADLINE_MS);
    try {
      const token = await credential.getToken(`${base}/.default`, { abortSignal });
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token?.token}` }, signal: abortSignal, redirect: 'error' });
      if (answer.status === 404) return undefined;
      if (answer.status === 401 || answer.status === 403) throw refused(url, answer.status);
      if (!answer.ok) throw new TransientError(`Azure Resource Manager answered ${answer.status}`);
      return await answer.json();
    } catch (error) {
      if (error instanceof RefusedError || error instanceof TransientError) throw error;
      throw new TransientError(`Azure Resource Manager did not answer (${error instanceof Error ? error.name : 'Error'})`);
    }
  };
  return {
    get: (id, apiVersion) => ask(`${base}${id}?api-version=${apiVersion}`) as never,
    async list<T>(path: string, apiVersion: string, query = '') {
      const found: T[] = [];
      let next: string | undefined = `${base}${path}?api-version=${apiVersion}${query}`;
      for (let page = 0; next !== undefined && page < MOST_PAGES; page += 1) {
        const { value = [], nextLink }: { value?: T[]; nextLink?: string } = ((await ask(next)) ?? {}) as object;
        found.push(...value);
        next = nextLink || undefined;
      }
      return found;
    },
  };
}

const refused = (url: string, status: number): RefusedError =>
  new RefusedError(
    { kind: status === 401 ? 'unauthorised' : 'forbidden', code: String(status), detail: '' },
    {
      message: `Azure Resource Manager does not let you read ${new URL(url).pathname}.`,
      hint: 'Run doctor as somebody with the role Reader on that resource, or look there yourself.',
    },
  );
