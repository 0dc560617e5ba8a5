import type { ClientOptions } from '@azure-rest/core-client';
import type { SUPPORTED_API_VERSIONS } from './versions.ts';

/** What the three clients take beside the usual options of an Azure client (retries, proxy, policies, transport). */
export interface AdminClientOptions extends ClientOptions {
  /** Service version; by default {@link LATEST_API_VERSION}. */
  serviceVersion?: SUPPORTED_API_VERSIONS;
  /**
   * Accept a challenge whose resource is not the parent domain of the HSM's address, and URLs of jobs and pages that
   * lead to another host. For emulators and proxies; default false.
   */
  disableChallengeResourceVerification?: boolean;
}
