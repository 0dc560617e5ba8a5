import { unixSeconds } from '../objects/identifiers.ts';
import type { Service, VaultEvent } from '../service.ts';
import { secretId } from './bundle.ts';
import { ANNOUNCED, SecretStore, type StoredVersion } from './store.ts';

/** The service's lead time, which nobody can configure. */
const NEAR_EXPIRY_SECONDS = 30 * 86_400;

/**
 * Announces near expiry (30 days before `exp`) and expiry of a vault's current versions, each once per version. Call it as
 * the clock passes; a clock that jumps over both instants gets both events, in their order.
 *
 * @param origin `https://host:port` of the vault, for the identifiers in the events.
 * @see https://learn.microsoft.com/azure/event-grid/event-schema-key-vault
 */
export function announceExpiries(service: Service, origin: string): void {
  const store = new SecretStore(service.db, service.name);
  const now = unixSeconds(service.clock.now());

  store.settle(service.clock.now());
  for (const version of store.toAnnounce(now, now + NEAR_EXPIRY_SECONDS)) {
    const expired = (version.exp ?? Number.POSITIVE_INFINITY) <= now;

    // Marked before it is sent: an event may be lost, as real ones may, but a restart repeats none.
    store.setAnnounced(version.name, version.version, expired ? ANNOUNCED.expiry : ANNOUNCED.nearExpiry);
    if (version.announced === ANNOUNCED.nothing) service.emit(eventOf('SecretNearExpiry', version, origin));
    if (expired) service.emit(eventOf('SecretExpired', version, origin));
  }
}

/** An event about one version, in the emulator's own form. */
export function eventOf(type: VaultEvent['type'], { name, version, nbf, exp }: StoredVersion, origin: string): VaultEvent {
  return {
    type,
    name,
    version,
    id: secretId(origin, name, version),
    ...(nbf === undefined ? {} : { nbf }),
    ...(exp === undefined ? {} : { exp }),
  };
}
