import type { Params, Route } from '../service.ts';

export type Match<R> = Readonly<{ found: true; route: R; params: Params } | { found: false; pathKnown: boolean }>;

type Matcher<R> = Readonly<{ route: R; method: string; segments: readonly string[] }>;

/** Finds the first route for a method and a folded path. `pathKnown` tells a wrong method from a wrong path. */
export function createRouter<R extends Pick<Route, 'method' | 'path'>>(routes: readonly R[]): (method: string, path: string) => Match<R> {
  const matchers: Matcher<R>[] = routes.map((route) => ({ route, method: route.method, segments: split(route.path) }));

  return (method, path) => {
    const segments = split(path);
    let pathKnown = false;
    for (const matcher of matchers) {
      const params = paramsOf(matcher.segments, segments);
      if (!params) continue;
      if (matcher.method === method) return { found: true, route: matcher.route, params };
      pathKnown = true;
    }
    return { found: false, pathKnown };
  };
}

const split = (path: string) => path.split('/').filter(Boolean);

function paramsOf(pattern: readonly string[], segments: readonly string[]): Params | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
