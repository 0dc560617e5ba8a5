import type { Handler, Route } from '../service.ts';
import { scopeOf } from './role-input.ts';

type ScopedHandler = (...args: [...Parameters<Handler>, scope: string]) => ReturnType<Handler>;

/** One operation on roles, at each of the three kinds of scope that a path can begin with. */
export function atEveryScope(method: string, rest: string, handle: ScopedHandler): Route[] {
  const tail = `/providers/Microsoft.Authorization/${rest}`;
  const route = (prefix: string, base: '/' | '/keys'): Route => ({
    method,
    path: `${prefix}${tail}`,
    handle: (request, params, service) => handle(request, params, service, scopeOf(params, base)),
  });
  return [route('', '/'), route('/keys', '/keys'), route('/keys/:key', '/keys')];
}
