/** Version of the official package whose surface this client has. */
export const SDK_VERSION: string = '4.7.0';

/** The service version that is asked for by default. */
export const LATEST_API_VERSION = '7.6';

/** Service versions that can be asked for. Settings came with 7.4, managed identity with 7.5, the pre-checks with 7.6. */
export type SUPPORTED_API_VERSIONS = '7.2' | '7.3' | '7.4' | '7.5' | '7.6';
