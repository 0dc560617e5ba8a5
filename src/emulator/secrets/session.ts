import { checkedName } from '../objects/identifiers.ts';
import type { Handler, Params, Service, ServiceAnswer, ServiceRequest } from '../service.ts';
import { SecretStore } from './store.ts';

/** What a secret's handler works with: the request, its vault, and the vault's secrets as they stand now. */
export type SecretCall = Readonly<{
  request: ServiceRequest;
  service: Service;
  store: SecretStore;
  params: Params;
  /** The secret's name from the path, in the caller's letter case; empty where the path has none. */
  name: string;
}>;

/** A handler that runs as one transaction, after intermediate states that are over have ended. */
export const secretHandler =
  (answer: (call: SecretCall) => ServiceAnswer): Handler =>
  (request, params, service) => {
    const store = new SecretStore(service.db, service.name);
    const name = 'name' in params ? checkedName(params['name']) : '';
    return store.atomically(() => {
      store.settle(service.clock.now());
      return answer({ request, service, store, params, name });
    });
  };
