import type { TokenCredential } from '@azure/core-auth';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { keyVaultAuthenticationPolicy } from '@azure/keyvault-common';

/**
 * Key Vault's challenge authentication, made safe for several first requests at once: a body leaves only together with
 * a token, and always the body of its own request.
 *
 * The wrapped policy takes the body off the first request and keeps it until the challenge was answered. When a second
 * request answers the challenge sooner, it would send the first one again with a token and still without its body.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
 */
export function challengeAuthentication(
  credential: TokenCredential,
  options: Readonly<{ disableChallengeResourceVerification?: boolean }>,
): PipelinePolicy {
  const policy = keyVaultAuthenticationPolicy(credential, options);
  return {
    name: policy.name,
    sendRequest(request, next) {
      const { body } = request;
      return policy.sendRequest(request, (attempt) => {
        attempt.body = attempt.headers.has('authorization') ? body : null;
        return next(attempt);
      });
    },
  };
}
