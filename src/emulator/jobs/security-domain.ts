import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { HsmOptions } from '../options.ts';
import { settingOr } from '../state/settings.ts';

/** The key that all backups of HSMs in one security domain are protected with. `id` tells domains apart and is no secret. */
export type SecurityDomain = Readonly<{ id: string; key: Buffer }>;

/** The domain of an HSM; made on first use and kept. HSMs of an equal `domain` share one. */
export function securityDomain(db: DatabaseSync, { name, domain }: HsmOptions): SecurityDomain {
  const owner = domain === undefined ? `hsm/${name}` : `label/${domain}`;
  const key = Buffer.from(
    settingOr(db, `securityDomain/${owner}`, () => randomBytes(32).toString('base64')),
    'base64',
  );
  return { key, id: createHash('sha256').update('hsmkeep emulator security domain').update(key).digest('hex').slice(0, 32) };
}

/** A key of one backup for one purpose. */
export const deriveKey = (domain: SecurityDomain, backupId: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', domain.key, backupId, `hsmkeep emulator backup ${purpose}`, 32));
