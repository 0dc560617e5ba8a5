import { recoverability } from '../objects/recoverability.ts';
import type { Service, ServiceRequest } from '../service.ts';
import { publicJwk } from './material.ts';
import type { KeyVersion } from './record.ts';
import type { StoredKey } from './store.ts';

/** `https://host:port/keys/name[/version]` */
export const keyId = (origin: string, name: string, version?: string) =>
  version === undefined ? `${origin}/keys/${name}` : `${origin}/keys/${name}/${version}`;

/** A version as an HSM answers it: fields in alphabetical order, unset ones left out. */
export function bundle({ origin }: ServiceRequest, service: Service, name: string, version: KeyVersion) {
  const kid = keyId(origin, name, version.version);
  return { attributes: attributes(service, version), key: publicJwk(version.material, kid, version.keyOps), tags: version.tags };
}

/** A key, or one of its versions, in a list. */
export function listItem({ origin }: ServiceRequest, service: Service, name: string, version: KeyVersion, id?: string) {
  return { attributes: attributes(service, version), kid: keyId(origin, name, id), tags: version.tags };
}

/** What soft delete adds to a bundle or a list item. */
export function deletion<T extends object>({ origin }: ServiceRequest, { name, deletedAt, purgeAt }: StoredKey, described: T) {
  const added = { deletedDate: deletedAt, recoveryId: `${origin}/deletedkeys/${name}`, scheduledPurgeDate: purgeAt };
  return Object.fromEntries(Object.entries({ ...described, ...added }).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function attributes(service: Service, { attributes: { created, enabled, exp, exportable, nbf, updated } }: KeyVersion) {
  const { recoverableDays, recoveryLevel } = recoverability(service);
  return { created, enabled, exp, exportable, nbf, recoverableDays, recoveryLevel, updated };
}
