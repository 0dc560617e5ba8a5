import { serialize } from 'hono/utils/cookie';
import { z } from 'zod';
import type { TypedData } from '../app-model.ts';

/** A request in the form of the worker protocol: each value wrapped, repeated ones joined by commas, the body only when there is one. */
export function httpInput(request: Request, url: URL, params: Readonly<Record<string, string>>, body: Uint8Array): TypedData {
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) query.set(name, query.has(name) ? `${query.get(name)},${value}` : value);
  return {
    http: {
      method: request.method,
      url: url.href,
      nullableHeaders: wrapped(request.headers),
      nullableQuery: wrapped(query),
      nullableParams: wrapped(Object.entries(params)),
      ...(body.length > 0 ? { body: { bytes: body } } : {}),
    },
  };
}

function wrapped(entries: Iterable<readonly [string, string]>): Record<string, { value: string }> {
  return Object.fromEntries(Array.from(entries, ([name, value]) => [name, { value }]));
}

/** A wrapped value of the worker protocol that may be missing. */
const optional = <T extends z.ZodType>(type: T) =>
  z.preprocess((wrapper) => (wrapper as { value?: unknown } | null | undefined)?.value ?? undefined, type.optional());

const cookie = z.object({
  name: z.string(),
  value: z.string(),
  domain: optional(z.string()),
  path: optional(z.string()),
  expires: optional(z.object({ seconds: z.number() })),
  secure: optional(z.boolean()),
  httpOnly: optional(z.boolean()),
  sameSite: z.enum(['none', 'lax', 'strict', 'explicitNone']).default('none'),
  maxAge: optional(z.number()),
});

const output = z.object({
  statusCode: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  cookies: z.array(cookie).default([]),
  body: z.object({ bytes: z.instanceof(Uint8Array).nullish(), string: z.string().nullish() }).nullish(),
});

/** Statuses whose answer has no body by definition; `Response` refuses one. */
const BODYLESS = new Set([204, 205, 304]);

/** What the handler returned, as an answer; nothing is 204. */
export function httpOutput(returnValue: TypedData | null | undefined): Response {
  if (!returnValue?.http) return new Response(null, { status: 204 });
  const { statusCode, headers, cookies, body } = output.parse(returnValue.http);
  const status = Number(statusCode);
  const answer = new Headers(headers);
  for (const one of cookies) answer.append('set-cookie', setCookie(one));
  const content = body?.bytes ? Uint8Array.from(body.bytes) : (body?.string ?? null);
  return new Response(BODYLESS.has(status) ? null : content, { status, headers: answer });
}

/** Words of the worker protocol: `none` means that the attribute is not set. */
const SAME_SITE = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' } as const;

function setCookie({ name, value, expires, sameSite, ...rest }: z.infer<typeof cookie>): string {
  const when = expires && new Date(expires.seconds * 1000);
  return serialize(name, value, {
    ...rest,
    ...(when ? { expires: when } : {}),
    ...(sameSite === 'none' ? {} : { sameSite: SAME_SITE[sameSite] }),
  });
}
