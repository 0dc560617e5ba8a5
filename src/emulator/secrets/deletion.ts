import { unixSeconds } from '../objects/identifiers.ts';
import { listPage } from '../objects/paging.ts';
import { scheduledPurge } from '../objects/recoverability.ts';
import { bundle, deletion, listItem } from './bundle.ts';
import { alreadyExists, beingDeleted, beingRecovered, deletedSecretNotFound, purgeProtected, secretNotFound } from './errors.ts';
import { type SecretCall, secretHandler } from './session.ts';
import type { StoredSecret, StoredVersion } from './store.ts';

/*
 * live --DELETE--> deleting --(3 s)--> deleted --recover--> recovering --(2 s)--> live
 *                                      deleted --purge--> purging --(1 s)--> gone
 *                                      deleted --(scheduled purge date)--> gone
 *
 * The seconds are emulated ones, scaled by the clock. With scale 0 an intermediate state is entered and is over for the
 * request that follows, so a client's first poll finds the result.
 */
const DELETING_MS = 3_000;
const RECOVERING_MS = 2_000;
const PURGING_MS = 1_000;

/** `DELETE /secrets/{name}` */
export const deleteSecret = secretHandler(({ request, service, store, name }) => {
  const secret = store.secret(name);
  if (secret?.state === 'deleting') throw beingDeleted();
  if (secret?.state !== 'live') throw secretNotFound(name);

  const nowMs = service.clock.now();
  const deletedAt = unixSeconds(nowMs);
  const deleting: StoredSecret = {
    name: secret.name,
    state: 'deleting',
    endsMs: nowMs + service.clock.scaled(DELETING_MS),
    deletedAt,
    purgeAt: scheduledPurge(service, deletedAt),
  };
  store.setState(name, deleting);
  return { status: 200, body: { ...deletion(request, deleting), ...bundle(request, service, newest(store, name)) } };
});

/** `GET /deletedsecrets/{name}`: 404 while the deletion is under way. */
export const getDeletedSecret = secretHandler(({ request, service, store, name }) => {
  const secret = store.secret(name);
  if (secret?.state !== 'deleted') throw deletedSecretNotFound(name);
  return { status: 200, body: { ...deletion(request, secret), ...bundle(request, service, newest(store, name)) } };
});

/** `GET /deletedsecrets` */
export const listDeletedSecrets = secretHandler(({ request, service, store }) =>
  listPage(request, service, {
    read: (after, limit) => store.newestAfter('deleted', after, limit),
    sortKey: ({ secret }) => secret.name,
    toItem: ({ secret, version }) => ({ ...deletion(request, secret), ...listItem(request, service, version) }),
  }),
);

/** `POST /deletedsecrets/{name}/recover` */
export const recoverSecret = secretHandler((call) => {
  const { request, service, store, name } = call;
  if (store.secret(name)?.state === 'live') throw alreadyExists(name);
  const secret = requireDeleted(call);

  store.setState(name, { ...secret, state: 'recovering', endsMs: service.clock.now() + service.clock.scaled(RECOVERING_MS) });
  return { status: 200, body: bundle(request, service, newest(store, name)) };
});

/** `DELETE /deletedsecrets/{name}`: the name is free again a moment later. */
export const purgeSecret = secretHandler((call) => {
  const { service, store, name } = call;
  const secret = requireDeleted(call);
  if (service.traits?.purgeProtection) throw purgeProtected(name);

  store.setState(name, { ...secret, state: 'purging', endsMs: service.clock.now() + service.clock.scaled(PURGING_MS) });
  return { status: 204 };
});

/** @throws {ServiceError} 409 in an intermediate state, 404 in any other than deleted. */
function requireDeleted({ store, name }: SecretCall): StoredSecret {
  const secret = store.secret(name);
  if (secret?.state === 'deleting') throw beingDeleted();
  if (secret?.state === 'recovering') throw beingRecovered();
  if (secret?.state !== 'deleted') throw deletedSecretNotFound(name);
  return secret;
}

/** A stored secret has a version: both are written in one transaction. */
function newest(store: SecretCall['store'], name: string): StoredVersion {
  const version = store.version(name);
  if (!version) throw new Error(`secret ${name} has no version`);
  return version;
}
