import type { RestError } from '@azure/core-rest-pipeline';

/** Takes the signature of a shared access signature out of a text, so that the rest of it stays readable. */
export type Redact = (text: string) => string;

const REDACTED = '[redacted]';
/** `sig=…` as it stands in a URL, or percent-encoded inside another one. */
const SIGNATURE = /\bsig(=|%3D)[^&\s"'<>]+/gi;
/** A shorter token is a mistake, and replacing it everywhere would make any text unreadable. */
const LEAST_TOKEN_LENGTH = 8;

/** @param sasToken Also taken out as a whole, in case it is no well-formed signature. Unknown after a resume. */
export function createRedactor(sasToken: string | undefined): Redact {
  return (text) => {
    const withoutToken = sasToken && sasToken.length >= LEAST_TOKEN_LENGTH ? text.replaceAll(sasToken, REDACTED) : text;
    return withoutToken.replace(SIGNATURE, `sig$1${REDACTED}`);
  };
}

/**
 * Redacts every text in a parsed JSON value; an absent value stays absent.
 *
 * @returns A copy of the same shape.
 */
export function redactJson<T>(value: T, redact: Redact): T {
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'string' ? redact(part) : part));
  return text === undefined ? value : JSON.parse(text);
}

/**
 * Redacts what an error shows when it is printed, logged or stored: storage quotes the signature in its own messages,
 * and the error of a refused start holds the request.
 *
 * @returns The same error.
 */
export function redactError<E>(error: E, redact: Redact): E {
  if (!(error instanceof Error)) return error;
  error.message = redact(error.message);
  if (error.stack) error.stack = redact(error.stack);

  const { details, request, response } = error as Partial<RestError>;
  if (details !== undefined) Object.assign(error, { details: redactJson(details, redact) });
  if (typeof request?.body === 'string') request.body = redact(request.body);
  if (response?.bodyAsText) response.bodyAsText = redact(response.bodyAsText);
  return error;
}
