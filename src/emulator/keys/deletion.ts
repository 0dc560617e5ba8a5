import { listPage } from '../objects/paging.ts';
import { scheduledPurge } from '../objects/recoverability.ts';
import { bundle, deletion, listItem } from './bundle.ts';
import { deletedKeyNotFound, keyPurgeProtected } from './errors.ts';
import { type KeyCall, keyHandler, liveVersion } from './session.ts';
import type { StoredKey } from './store.ts';

/** `DELETE /keys/{name}`: unlike a vault's secret, an HSM's key is deleted when the answer arrives. */
export const deleteKey = keyHandler('keys/delete', (call) => {
  const { request, service, store, now } = call;
  const { name, version } = liveVersion({ ...call, params: {} });

  const deleted: StoredKey = { name, deletedAt: now, purgeAt: scheduledPurge(service, now) };
  store.setDeleted(deleted);
  return { status: 200, body: deletion(request, deleted, bundle(request, service, name, version)) };
});

/** `GET /deletedkeys/{name}` */
export const getDeletedKey = keyHandler('keys/deletedKeys/read/action', (call) => {
  const { key, body } = deletedKey(call);
  return { status: 200, body: deletion(call.request, key, body) };
});

/** `GET /deletedkeys` */
export const listDeletedKeys = keyHandler('keys/deletedKeys/read/action', ({ request, service, store }) =>
  listPage(request, service, {
    read: (after, limit) => store.newestAfter('deleted', after, limit),
    sortKey: ({ key }) => key.name,
    toItem: ({ key, version }) => deletion(request, key, listItem(request, service, key.name, version)),
  }),
);

/** `POST /deletedkeys/{name}/recover` */
export const recoverKey = keyHandler('keys/deletedKeys/recover/action', (call) => {
  const { key, body } = deletedKey(call);
  call.store.setDeleted({ name: key.name, deletedAt: null, purgeAt: null });
  return { status: 200, body };
});

/** `DELETE /deletedkeys/{name}` */
export const purgeKey = keyHandler('keys/deletedKeys/delete', (call) => {
  const { key } = deletedKey(call);
  if (call.service.traits?.purgeProtection) throw keyPurgeProtected(key.name);
  call.store.purge(key.name);
  return { status: 204 };
});

/** @throws {ServiceError} 404 KeyNotFound unless the key is soft-deleted. */
function deletedKey({ request, service, store, name }: KeyCall) {
  const key = store.key(name);
  const version = store.version(name);
  if (!key || !version || key.deletedAt === null) throw deletedKeyNotFound(name);
  return { key, body: bundle(request, service, key.name, version) };
}
