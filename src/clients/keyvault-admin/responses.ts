import type { RestError } from '@azure/core-rest-pipeline';
import { createRestError, type HttpResponse } from '@azure-rest/core-client';

/**
 * The parsed body of an answer.
 *
 * @throws {RestError} for any other status, with the service's `code` and `message`, and its whole body in `details`
 */
export function bodyOf<T>(response: HttpResponse, ...expected: readonly string[]): T {
  if (!expected.includes(response.status)) throw errorOf(response);
  return response.body as T;
}

/** An answer as an error: `{"error": {code, message, innererror?}}` is read from the body. */
export function errorOf(response: HttpResponse): RestError {
  const error = createRestError(response);
  error.details = response.body;
  return error;
}
