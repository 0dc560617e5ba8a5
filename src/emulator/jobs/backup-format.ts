import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { KeyRecord } from '../keys/store.ts';
import type { RoleAssignment, RoleDefinition } from '../rbac/role-store.ts';
import { JobFailure } from './errors.ts';
import { deriveKey, type SecurityDomain } from './security-domain.ts';

/** What a backup brings back. Settings and soft-deleted keys are not in it. */
export type BackupContent = Readonly<{
  keys: readonly KeyRecord[];
  roleDefinitions: readonly RoleDefinition[];
  roleAssignments: readonly RoleAssignment[];
}>;

/** A file of the backup, named within its folder. */
export type BackupFile = Readonly<{ name: string; content: Buffer }>;

export const HEADER = 'header.json';
/** Written last: a folder without it is what a backup that died left behind. */
export const END_MARKER = 'end.json';

const headerSchema = z.object({
  format: z.literal('hsmkeep-emulator-backup'),
  version: z.literal(1),
  hsm: z.string(),
  takenAt: z.string(),
  securityDomain: z.string(),
  backupId: z.string(),
  /** Data blobs, in order. */
  parts: z.array(z.string()),
});

export type BackupHeader = z.infer<typeof headerSchema>;

const KEYS_PER_PART = 50;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Writes the state of an HSM as the files of a backup: a header with a message authentication code, parts encrypted with AES-256-GCM under
 * a key of the security domain, and the end marker.
 */
export function sealBackup(
  content: BackupContent,
  domain: SecurityDomain,
  { hsm, takenAt }: Pick<BackupHeader, 'hsm' | 'takenAt'>,
): BackupFile[] {
  const backupId = randomBytes(16).toString('hex');
  const sections = [
    ...chunks(content.keys, KEYS_PER_PART).map((keys) => ({ keys })),
    { roleDefinitions: content.roleDefinitions },
    { roleAssignments: content.roleAssignments },
  ];
  const parts = sections.map((section, index) => {
    const name = `data-${String(index + 1).padStart(5, '0')}.bin`;
    return { name, content: encrypt(Buffer.from(JSON.stringify(section)), domain, backupId, name) };
  });
  const header: BackupHeader = {
    format: 'hsmkeep-emulator-backup',
    version: 1,
    hsm,
    takenAt,
    securityDomain: domain.id,
    backupId,
    parts: parts.map(({ name }) => name),
  };
  const signed = { ...header, mac: macOf(header, domain) };
  return [
    { name: HEADER, content: jsonBytes(signed) },
    ...parts,
    { name: END_MARKER, content: jsonBytes({ backupId, parts: parts.length }) },
  ];
}

/**
 * Reads and checks a header.
 *
 * @throws {JobFailure} when it is damaged, or when the backup is of another security domain
 */
export function openHeader(content: Buffer, domain: SecurityDomain): BackupHeader {
  const parsed = headerSchema.extend({ mac: z.string() }).safeParse(parseJson(content));
  if (!parsed.success) throw invalidBackup('its header cannot be read');
  const { mac, ...header } = parsed.data;
  if (header.securityDomain !== domain.id) {
    throw new JobFailure(
      'SecurityDomainMismatch',
      'The backup was taken from an HSM with another security domain.',
      'Invalid backup provided',
    );
  }
  const expected = Buffer.from(macOf(header, domain));
  if (expected.length !== mac.length || !timingSafeEqual(expected, Buffer.from(mac))) throw invalidBackup('its header was changed');
  return header;
}

/** @throws {JobFailure} when the marker is damaged or of another backup */
export function checkEndMarker(content: Buffer, { backupId, parts }: BackupHeader): void {
  const marker = parseJson(content) as { backupId?: unknown; parts?: unknown } | undefined;
  if (marker?.backupId !== backupId || marker?.parts !== parts.length) throw invalidBackup('its end marker does not belong to its header');
}

/**
 * Puts the parts together again.
 *
 * @param readPart Content of a data blob.
 * @throws {JobFailure} when a part was changed
 */
export async function openParts(
  header: BackupHeader,
  domain: SecurityDomain,
  readPart: (name: string) => Promise<Buffer>,
): Promise<BackupContent> {
  const content = { keys: [] as KeyRecord[], roleDefinitions: [] as RoleDefinition[], roleAssignments: [] as RoleAssignment[] };
  for (const name of header.parts) {
    const section: Partial<BackupContent> = JSON.parse(decrypt(await readPart(name), domain, header.backupId, name).toString('utf8'));
    content.keys.push(...(section.keys ?? []));
    content.roleDefinitions.push(...(section.roleDefinitions ?? []));
    content.roleAssignments.push(...(section.roleAssignments ?? []));
  }
  return content;
}

export const invalidBackup = (why: string) =>
  new JobFailure('InvalidBackup', `Invalid backup provided: ${why}.`, 'Invalid backup provided');

function encrypt(plain: Buffer, domain: SecurityDomain, backupId: string, name: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(domain, backupId, 'data'), iv).setAAD(Buffer.from(name));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(sealed: Buffer, domain: SecurityDomain, backupId: string, name: string): Buffer {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw invalidBackup(`${name} is too short`);
  const decipher = createDecipheriv('aes-256-gcm', deriveKey(domain, backupId, 'data'), sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(name))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw invalidBackup(`${name} was changed`);
  }
}

const macOf = (header: BackupHeader, domain: SecurityDomain) =>
  createHmac('sha256', deriveKey(domain, header.backupId, 'header'))
    .update(JSON.stringify(header))
    .digest('hex');

const jsonBytes = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
