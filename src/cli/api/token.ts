import { OperatorError } from '../../domain/errors.ts';
import type { ReadyFile } from '../ready-file.ts';

/** Where a bearer token for the API comes from. */
export interface TokenSource {
  /** @throws {OperatorError} when there is none to be had. */
  get(): Promise<string>;
  /** A new token after the API refused the last one with 401; undefined when there is no better one. */
  renew(): Promise<string | undefined>;
}

/** A token that the caller brings. */
export function fixedToken(token: string): TokenSource {
  return { get: async () => token, renew: async () => undefined };
}

/**
 * The token of one of the local stack's people. It outlives a clock that was moved: the emulator issues a new one when the API
 * refuses the old.
 *
 * @throws {OperatorError} when the stack has nobody of that name.
 */
export function localUserToken(ready: ReadyFile, user: string): TokenSource {
  const token = ready.users[user];
  if (token === undefined) {
    throw new OperatorError(`The local stack has nobody called ${user}.`, `There are: ${Object.keys(ready.users).join(', ')}.`);
  }
  return {
    get: async () => token,
    renew: async () => {
      const answer = await fetch(`${ready.emulator.controlUrl}/_emulator/tokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user }),
        signal: AbortSignal.timeout(RENEW_TIMEOUT_MS),
      }).catch(() => undefined);
      if (!answer?.ok) return undefined;
      return ((await answer.json()) as { token?: string }).token;
    },
  };
}

/**
 * A token of the caller's own Azure identity: environment, workload or managed identity, `az login` and so on.
 *
 * @param audience The application id URI of the deployed API: `api://hsmkeep`.
 * @see https://learn.microsoft.com/javascript/api/@azure/identity/defaultazurecredential
 */
export function azureToken(audience: string): TokenSource {
  const scope = `${audience.replace(/\/$/, '')}/.default`;
  return {
    get: async () => {
      // Loaded here only: it costs more than all the rest of the command line.
      const { DefaultAzureCredential } = await import('@azure/identity');
      try {
        return (await new DefaultAzureCredential().getToken(scope, { abortSignal: AbortSignal.timeout(AZURE_TIMEOUT_MS) })).token;
      } catch (error) {
        throw new OperatorError(
          `No Azure identity could be found for ${scope}.`,
          'Sign in with `az login`, or pass a token in HSMKEEP_TOKEN; --audience names the API if it is not api://hsmkeep.',
          { cause: error },
        );
      }
    },
    renew: async () => undefined,
  };
}

const RENEW_TIMEOUT_MS = 5_000;
/** A person may have to wait for `az`, which is slow to start. */
const AZURE_TIMEOUT_MS = 60_000;
