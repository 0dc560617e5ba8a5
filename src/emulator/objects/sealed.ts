import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { ensureSchema, prepared } from './database.ts';

const SCHEMA = 'create table if not exists backup_seal (id integer primary key check (id = 1), secret blob not null)';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What is inside; a blob of one kind does not open as the other. */
export type SealedKind = 'key' | 'secret';

/**
 * Makes the opaque backup of one object: base64url over a readable prefix and the JSON text, encrypted under a key that
 * this emulator's database keeps. Like the service's blobs it can be restored here and nowhere else.
 */
export function seal(db: DatabaseSync, kind: SealedKind, content: unknown): string {
  const prefix = prefixOf(kind);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, sealingKey(db), iv).setAAD(prefix);
  const text = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
  return Buffer.concat([prefix, iv, cipher.getAuthTag(), text]).toString('base64url');
}

/** Opens what `seal` made; undefined when the blob is damaged, of another kind, or from another emulator. */
export function unseal(db: DatabaseSync, kind: SealedKind, blob: string): unknown {
  const bytes = Buffer.from(blob, 'base64url');
  const prefix = prefixOf(kind);
  const [ivEnd, tagEnd] = [prefix.length + IV_BYTES, prefix.length + IV_BYTES + TAG_BYTES];
  if (bytes.length <= tagEnd || !bytes.subarray(0, prefix.length).equals(prefix)) return undefined;

  const decipher = createDecipheriv(CIPHER, sealingKey(db), bytes.subarray(prefix.length, ivEnd))
    .setAAD(prefix)
    .setAuthTag(bytes.subarray(ivEnd, tagEnd));
  try {
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString());
  } catch {
    return undefined;
  }
}

const prefixOf = (kind: SealedKind) => Buffer.from(`)hsmkeep emulator ${kind} backup 1;`);

function sealingKey(db: DatabaseSync): Uint8Array {
  ensureSchema(db, SCHEMA);
  prepared(db, 'insert or ignore into backup_seal (id, secret) values (1, ?)').run(randomBytes(32));
  return prepared(db, 'select secret from backup_seal where id = 1').get()?.['secret'] as Uint8Array;
}
