import type { TokenCredential } from '@azure/core-auth';

/** Who calls, and whom the connection trusts beside the authorities that Node knows. */
export type Access = Readonly<{
  credential: TokenCredential;
  /** PEM of an authority: that of an emulator. */
  ca?: string;
}>;

/**
 * The identity that a client id stands for, or whatever `DefaultAzureCredential` finds: environment, managed identity, `az login`. The library is
 * loaded with the first token, not at start.
 */
export function lazyCredential(clientId?: string): TokenCredential {
  let loaded: Promise<TokenCredential> | undefined;
  const load = async (): Promise<TokenCredential> => {
    const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
    return clientId ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential();
  };
  return {
    async getToken(scopes, options) {
      loaded ??= load();
      return (await loaded).getToken(scopes, options);
    },
  };
}

/** Options of a client that only sends what may be sent again. */
export const readingOptions = (url: string, ca?: string) => ({
  // Behind a loopback address stands an emulator, whose host name cannot end in the challenge's resource.
  disableChallengeResourceVerification: /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url).hostname),
  retryOptions: { maxRetries: 2, retryDelayInMs: 500, maxRetryDelayInMs: 5_000 },
  ...(ca !== undefined && { tlsOptions: { ca } }),
});
