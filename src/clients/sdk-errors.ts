import type { Refusal } from '../domain/problems.ts';
import { redact } from '../domain/redact.ts';

/** An error of an Azure SDK, sorted. `unreachable`: no answer came, so what the service did is not known. */
export type SdkFailure = Refusal | Readonly<{ kind: 'unavailable' | 'unreachable'; code: string; detail: string }>;

type SdkError = Error & Readonly<{ statusCode?: number; code?: string; details?: { error?: { code?: string; message?: string } } }>;

const KIND_OF_STATUS: Readonly<Record<number, Refusal['kind']>> = {
  401: 'unauthorised',
  403: 'forbidden',
  404: 'missing',
  409: 'conflict',
  412: 'conflict',
  429: 'throttled',
};
const CREDENTIAL_ERRORS = new Set([
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
]);

/** Sorts what an SDK threw, by status code; its text is made fit to be stored and shown. */
export function sortSdkError(thrown: unknown): SdkFailure {
  const error = thrown as SdkError;
  const detail = redact(messageOf(error));
  const code = codeOf(error);
  const status = error.statusCode;

  if (CREDENTIAL_ERRORS.has(error.name))
    return {
      kind: status !== undefined && status >= 500 ? 'unavailable' : 'unauthorised',
      code: error.name,
      detail: 'no token could be had',
    };
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return { kind: 'unreachable', code: 'TimedOut', detail: 'no answer in time' };
  if (status === undefined) return { kind: 'unreachable', code: code === 'Error' ? 'ConnectionFailed' : code, detail: 'no answer' };
  if (status >= 500 || status === 408) return { kind: 'unavailable', code, detail: `status ${status}` };
  return { kind: KIND_OF_STATUS[status] ?? 'invalid', code, detail };
}

export const isRefusal = (failure: SdkFailure): failure is Refusal => failure.kind !== 'unavailable' && failure.kind !== 'unreachable';

const messageOf = (error: SdkError): string => String(error.details?.error?.message ?? error.message ?? 'unknown').split('\n')[0] ?? '';
const codeOf = (error: SdkError): string =>
  redact(String(error.details?.error?.code ?? error.code ?? error.statusCode ?? error.name ?? 'Error'));
