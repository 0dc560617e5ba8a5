import type { Service } from '../service.ts';

/**
 * Announces near expiry and expiry of a vault's current versions, each once per version.
 *
 * @param origin `https://host:port` of the vault, for the identifiers in the events.
 */
export function announceExpiries(_service: Service, _origin: string): void {}
