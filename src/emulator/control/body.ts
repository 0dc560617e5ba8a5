import { z } from 'zod';
import { RequestError } from '../http/json-endpoint.ts';
import type { HttpRequest } from '../http/request.ts';

/**
 * The JSON body of a control request. An empty body is read as `{}`.
 *
 * @throws {RequestError} 400 naming everything that is wrong
 */
export async function bodyAs<T>(schema: z.ZodType<T>, request: HttpRequest): Promise<T> {
  const text = (await request.readBody()).toString('utf8');
  let parsed: unknown;
  try {
    parsed = text ? JSON.parse(text) : {};
  } catch {
    throw new RequestError(400, 'The body is not valid JSON.');
  }
  const { success, data, error } = schema.safeParse(parsed);
  if (!success) throw new RequestError(400, z.prettifyError(error));
  return data;
}
