import { FormatError } from '../domain/rotation/value-format.ts';
import { ConfigFailure, type Failure } from './contract.ts';

/** What a target answered or did not answer, in our words. Made in place of a driver's error, never around one: those hold statements. */
export class TargetError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`the target failed: ${failure.code}`);
    this.name = 'TargetError';
    this.failure = failure;
  }
}

/** What something thrown means, for the errors that are ours; anything else is told as no more than unexpected. */
export function classifyOurs(thrown: unknown): Failure {
  if (thrown instanceof TargetError) return thrown.failure;
  if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: `${thrown.message}. ${thrown.hint}` };
  if (thrown instanceof FormatError)
    return { kind: 'config', code: 'Format', hint: 'Compare the value with format in the tag rot-policy.' };
  return { kind: 'transient', code: 'Unexpected' };
}

/** Whether nothing may be concluded: the target gave no answer, or not one about the credential. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof TargetError && ['transient', 'unknown-outcome', 'throttled'].includes(error.failure.kind);

const CERTIFICATE_CODES: ReadonlySet<unknown> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const NETWORK_CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'ConnectionRefused',
  ECONNRESET: 'ConnectionLost',
  EPIPE: 'ConnectionLost',
  ENOTFOUND: 'NameNotFound',
  EAI_AGAIN: 'NameNotFound',
  ETIMEDOUT: 'TimedOut',
  EHOSTUNREACH: 'Unreachable',
  ENETUNREACH: 'Unreachable',
};

/** What an error of the network below a driver means; undefined when it is none. */
export function networkFailure(code: unknown): Failure | undefined {
  if (CERTIFICATE_CODES.has(code))
    return {
      kind: 'config',
      code: 'Certificate',
      hint: 'The certificate of the target is not trusted for its name. Give the app the CA (NODE_EXTRA_CA_CERTS), or correct the name in the tag rot-target.',
    };
  const known = typeof code === 'string' && Object.hasOwn(NETWORK_CODES, code) ? NETWORK_CODES[code] : undefined;
  return known === undefined ? undefined : { kind: 'transient', code: known };
}

/** The same failure for a request that may have taken effect although its answer is missing. */
export const asUnknownOutcome = (failure: Failure): Failure =>
  failure.kind === 'transient' ? { kind: 'unknown-outcome', code: failure.code } : failure;
