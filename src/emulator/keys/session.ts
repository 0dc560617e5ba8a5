import { badParameter } from '../objects/body.ts';
import { checkedName, unixSeconds } from '../objects/identifiers.ts';
import type { Handler, Params, Service, ServiceAnswer, ServiceRequest } from '../service.ts';
import { keyNotFound } from './errors.ts';
import type { KeyVersion } from './record.ts';
import { KeyStore } from './store.ts';

/** What a key's handler works with: the request, its HSM, and the HSM's keys as they stand now. */
export type KeyCall = Readonly<{
  request: ServiceRequest;
  service: Service;
  store: KeyStore;
  params: Params;
  /** The key's name from the path, in the caller's letter case; empty where the path has none. */
  name: string;
  /** Unix seconds. */
  now: number;
}>;

/** A handler behind a right: `dataAction` without its prefix, on the key that the path names or else on all keys. */
export const keyHandler =
  (dataAction: string, answer: (call: KeyCall) => ServiceAnswer | Promise<ServiceAnswer>): Handler =>
  (request, params, service) => {
    const name = 'name' in params ? checkedName(params['name']) : '';
    service.authorize(request.caller, dataAction, name === '' ? '/keys' : `/keys/${name}`);

    const store = new KeyStore(service.db, service.name);
    const now = unixSeconds(service.clock.now());
    store.purgeDue(now);
    return answer({ request, service, store, params, name, now });
  };

/** A version with the name of its key, in the letter case of its creation. */
export type NamedVersion = Readonly<{ name: string; version: KeyVersion }>;

/**
 * The version of a live key that the path names, or the newest.
 *
 * @throws {ServiceError} 404 KeyNotFound
 */
export function liveVersion({ store, name, params }: KeyCall): NamedVersion {
  const wanted = params['version'];
  if (wanted !== undefined && !/^[0-9a-zA-Z]{1,64}$/.test(wanted))
    throw badParameter(`The request URI contains an invalid version: ${wanted}`);

  const key = store.key(name);
  const version = key?.deletedAt === null ? store.version(name, wanted?.toLowerCase()) : undefined;
  if (!key || !version) throw keyNotFound(wanted === undefined ? name : `${name}/${wanted}`);
  return { name: key.name, version };
}
