import { parseDocument } from '../domain/documents.ts';
import { stillManaged } from '../domain/rotation/known.ts';
import type { ListedSecret } from '../domain/rotation/sweep.ts';
import type { BlobStore } from './blob-store.ts';

/**
 * `managed/<vault>.json`: names of the secrets that were seen to be managed, in lower case and in order. Before its first rotation nothing but
 * its tags tells of a secret that it is; this tells when they are lost.
 */
type StoredManaged = Readonly<{ schema: 'hsmkeep.managed/1'; names: readonly string[] }>;

const SCHEMA = 'hsmkeep.managed/1';
const pathOf = (vault: string): string => `managed/${vault.toLowerCase()}.json`;

/** Names in lower case; none where nobody has looked yet. @throws {TransientError} */
export async function readManaged(store: BlobStore, vault: string): Promise<ReadonlySet<string>> {
  const path = pathOf(vault);
  const document = await store.read(path);
  return new Set(document ? parseDocument<StoredManaged>(document.text, SCHEMA, path).names : []);
}

/** Notes which secrets are managed, as a list of the vault tells. Writes only what is news. @throws {TransientError} */
export async function noteManaged(store: BlobStore, vault: string, secrets: readonly ListedSecret[]): Promise<void> {
  const known = await readManaged(store, vault);
  const names = stillManaged(secrets, known);
  if (names.length === known.size && names.every((name) => known.has(name))) return;
  await store.write(pathOf(vault), JSON.stringify({ schema: SCHEMA, names } satisfies StoredManaged));
}
