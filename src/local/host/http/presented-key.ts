/** The key that a request brings: header `x-functions-key`, else query `code`. */
export function presentedKey(request: Request): string | undefined {
  return request.headers.get('x-functions-key') ?? new URL(request.url).searchParams.get('code') ?? undefined;
}
