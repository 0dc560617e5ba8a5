import { recoverability } from '../objects/recoverability.ts';
import type { Service, ServiceRequest } from '../service.ts';
import type { StoredSecret, StoredVersion } from './store.ts';

/** `https://host:port/secrets/name[/version]` */
export const secretId = (origin: string, name: string, version?: string) =>
  version === undefined ? `${origin}/secrets/${name}` : `${origin}/secrets/${name}/${version}`;

/** A version as update, recover and restore answer it. Unset properties are undefined, so JSON leaves them out. */
export function bundle({ origin }: ServiceRequest, service: Service, version: StoredVersion) {
  return { ...described(service, version), id: secretId(origin, version.name, version.version) };
}

/** A version as set and get answer it: with its value. */
export function bundleWithValue(request: ServiceRequest, service: Service, version: StoredVersion) {
  return { value: version.value, ...bundle(request, service, version) };
}

/** A secret in a list: as its newest version describes it, under an id without version. */
export function listItem({ origin }: ServiceRequest, service: Service, version: StoredVersion) {
  return { ...described(service, version), id: secretId(origin, version.name) };
}

/** What soft delete adds to a bundle or a list item. */
export function deletion({ origin }: ServiceRequest, { name, deletedAt, purgeAt }: StoredSecret) {
  return {
    recoveryId: `${origin}/deletedsecrets/${name}`,
    deletedDate: deletedAt ?? undefined,
    scheduledPurgeDate: purgeAt ?? undefined,
  };
}

function described(service: Service, { contentType, enabled, nbf, exp, created, updated, tags }: StoredVersion) {
  const { recoverableDays, recoveryLevel } = recoverability(service);
  return { contentType, attributes: { enabled, nbf, exp, created, updated, recoveryLevel, recoverableDays }, tags };
}
