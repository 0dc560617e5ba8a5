import type { TokenCredential } from '@azure/core-auth';
import type { Pipeline } from '@azure/core-rest-pipeline';
import { type Client, type ClientOptions, getClient } from '@azure-rest/core-client';
import { challengeAuthentication } from './authentication.ts';
import type { AdminClientOptions } from './client-options.ts';
import { LATEST_API_VERSION, SDK_VERSION } from './versions.ts';

/** One HSM as the three clients reach it. */
export type Connection = Readonly<{
  vaultUrl: string;
  /** For everything that may be sent again: throttled, refused and broken requests are retried. */
  repeatable: Client;
  /** For what may be sent once only: no retry, no redirect. The resend that answers a 401 challenge remains: 401 started nothing. */
  once: Client;
  /** Whether a URL that the HSM or a caller handed in leads to this HSM, so that it may see our token. */
  isOwn(url: string): boolean;
}>;

/** @param vaultUrl `https://<hsm>.managedhsm.azure.net`, with or without a slash at the end. */
export function connect(vaultUrl: string, credential: TokenCredential, options: AdminClientOptions): Connection {
  const repeatable = getClient(vaultUrl, clientOptions(options));
  // Added without a phase, so that it stands outside of the retries and every attempt carries the token.
  repeatable.pipeline.addPolicy(challengeAuthentication(credential, options));

  return {
    vaultUrl,
    repeatable,
    once: getClient(vaultUrl, { ...clientOptions(options), additionalPolicies: [], pipeline: withoutRepetition(repeatable.pipeline) }),
    isOwn: (url) => options.disableChallengeResourceVerification === true || new URL(url, vaultUrl).origin === new URL(vaultUrl).origin,
  };
}

function clientOptions(options: AdminClientOptions): ClientOptions {
  const { serviceVersion, userAgentOptions, loggingOptions, pipeline } = options;
  return {
    ...options,
    apiVersion: serviceVersion ?? LATEST_API_VERSION,
    userAgentOptions: {
      ...userAgentOptions,
      userAgentPrefix: [userAgentOptions?.userAgentPrefix, `hsmkeep-keyvault-admin/${SDK_VERSION}`].filter(Boolean).join(' '),
    },
    loggingOptions: {
      additionalAllowedHeaderNames: ['x-ms-keyvault-region', 'x-ms-keyvault-network-info', 'x-ms-keyvault-service-version'],
      ...loggingOptions,
    },
    ...(pipeline && { pipeline: pipeline.clone() }), // ours to add to
  };
}

/** The same pipeline less every policy that sends a request again. The authentication policy, and so its token, is shared. */
function withoutRepetition(pipeline: Pipeline): Pipeline {
  const copy = pipeline.clone();
  for (const { name } of copy.getOrderedPolicies()) {
    if (/retry|redirect/i.test(name)) copy.removePolicy({ name });
  }
  return copy;
}
