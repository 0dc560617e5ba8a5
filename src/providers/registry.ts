import { azureStorageKey } from './azure-storage-key.ts';
import type { AnyProvider } from './contract.ts';
import { entraApp } from './entra-app.ts';
import { generated } from './generated.ts';
import { mariadb } from './mariadb.ts';
import { postgres } from './postgres.ts';
import { redisAcl } from './redis-acl.ts';
import { webhook } from './webhook.ts';

/** Every provider, by the value of the tag `rot-provider`. */
const PROVIDERS: ReadonlyMap<string, AnyProvider> = new Map(
  [azureStorageKey, entraApp, generated, mariadb, postgres, redisAcl, webhook].map((provider) => [
    provider.id,
    provider as unknown as AnyProvider,
  ]),
);

export const PROVIDER_IDS: readonly string[] = [...PROVIDERS.keys()];

/** Undefined when there is none of that id. */
export const findProvider = (id: string): AnyProvider | undefined => PROVIDERS.get(id);
