import { OperatorError } from '../errors.ts';
import { shortHash } from '../hash.ts';
import { Sensitive } from './sensitive.ts';
import type { Tags } from './tags.ts';

/**
 * How far the rotation of an entry has come, as its tag says. Advisory: what counts is asked again.
 *
 * - `intent`: the target is to make a value (it makes them itself); there is none yet.
 * - `open`: the value is stored, the target may or may not have it.
 * - `applied`: the target was seen to accept it.
 * - `published`: it is the current version of the secret, and was seen to work; the old one is in its grace.
 * - `dead`: proven not to be what the target accepts, or given up for a newer version that works.
 *
 * An entry that is disabled is closed.
 */
export type EscrowState = 'intent' | 'open' | 'applied' | 'published' | 'dead';
export const ESCROW_STATES: readonly EscrowState[] = ['intent', 'open', 'applied', 'published', 'dead'];

/** The newest entry kept for a secret, without its value. Times are ISO 8601 UTC. */
export type EscrowEntry = Readonly<{
  /** Version of the escrow's secret. */
  version: string;
  createdAt: string;
  rotationId: string;
  /** Version of the secret that is being replaced. */
  base: string;
  /** Which place on the target gets the value. */
  slot: string;
  /** How often a value was made for this base, from 1. */
  attempt: number;
  state: EscrowState;
  /** Of a place that the target fills itself: the mark of what was there when the entry was made. */
  before?: string;
  /** The target that the entry is for, where it makes values itself: what it shows later is believed of this one only. */
  target?: string;
  /** How often in a row the value was seen to work, on targets that need time until all of their servers know it. */
  verified?: number;
  /** The credential that it replaces is known to others: that one has no grace, whoever goes on with the rotation. */
  mode?: 'compromise';
  /** The entry that it took the place of, if that holds a value: it is closed with this one. */
  over?: string;
}>;

/**
 * What an entry holds. The verifier (a salted hash, say) is kept so that a repeated apply sends the very same bytes. `auditKey`: random, made
 * for this entry; what the audit trail tells of old and new value is told under it.
 */
export type EscrowContent = Readonly<{ value: Sensitive; verifier?: string; auditKey?: Sensitive }>;

export const ESCROW_CONTENT_TYPE = 'application/vnd.hsmkeep.escrow+json';
const SUFFIX = '--pending';
const HASHED = /^p-[0-9a-f]{16}$/;
const LONGEST_NAME = 127;

/**
 * The name of a secret's entries.
 *
 * @param shared The escrow vault is not the secret's own, so that names of several vaults meet there.
 */
export function escrowName(vault: string, name: string, shared: boolean): string {
  const whole = `${shared ? `${vault}--` : ''}${name}${SUFFIX}`.toLowerCase();
  return whole.length <= LONGEST_NAME ? whole : `p-${shortHash(whole)}${shortHash(whole, 0x01234567)}`;
}

/** Whether a secret of this name is an entry, not a secret of somebody's. */
export const isEscrowName = (name: string): boolean => name.toLowerCase().endsWith(SUFFIX) || HASHED.test(name);

/** Which secret an entry is for. */
export const escrowOwner = (vault: string, name: string): string => `${vault}/${name}`.toLowerCase();

export function escrowTags(owner: string, entry: Omit<EscrowEntry, 'version' | 'createdAt'>): Tags {
  const { rotationId, base, slot, attempt, state, before, target, verified, mode, over } = entry;
  return {
    'rot-id': rotationId,
    'rot-for': owner,
    'rot-base': base,
    'rot-slot': slot,
    'rot-attempt': String(attempt),
    'rot-state': state,
    ...(before !== undefined && { 'rot-before': before }),
    ...(target !== undefined && { 'rot-target': target }),
    ...(verified !== undefined && { 'rot-verified': String(verified) }),
    ...(mode !== undefined && { 'rot-mode': mode }),
    ...(over !== undefined && { 'rot-over': over }),
  };
}

/**
 * Reads an entry from its version's tags.
 *
 * @param owner The secret that it is looked up for.
 * @throws {OperatorError} when it is another secret's, or its tags were changed: nothing may be concluded from it then.
 */
export function parseEscrow(owner: string, found: Readonly<{ name: string; version: string; createdAt: string; tags: Tags }>): EscrowEntry {
  const { tags } = found;
  const state = ESCROW_STATES.find((one) => one === tags['rot-state']);
  const attempt = Number(tags['rot-attempt'] ?? '1');
  const [rotationId, base] = [tags['rot-id'], tags['rot-base']];
  if (tags['rot-for'] !== owner || state === undefined || !rotationId || !base || !Number.isInteger(attempt)) {
    throw new OperatorError(
      `The escrow entry ${found.name} is not readable as one of ${owner}: its tags were changed, or it belongs to something else.`,
      'Compare its tags rot-for, rot-id, rot-base and rot-state with those of its earlier versions, and put them back. Do not delete it: it may hold the only working value.',
    );
  }
  const [before, target, verified, over] = [tags['rot-before'], tags['rot-target'], tags['rot-verified'], tags['rot-over']];
  return {
    version: found.version,
    createdAt: found.createdAt,
    rotationId,
    base,
    slot: tags['rot-slot'] ?? '',
    attempt,
    state,
    ...(before !== undefined && { before }),
    ...(target !== undefined && { target }),
    // Anything but a number counts as never seen, which costs another look and no more.
    ...(verified !== undefined && { verified: Number(verified) || 0 }),
    ...(tags['rot-mode'] === 'compromise' && { mode: 'compromise' }),
    ...(over !== undefined && { over }),
  };
}

/** The text that an entry is stored as. */
export const sealEscrow = ({ value, verifier, auditKey }: EscrowContent): Sensitive =>
  value.use((plain) => {
    const key = auditKey?.use((text) => text);
    const content = { value: plain, ...(verifier !== undefined && { verifier }), ...(key !== undefined && { auditKey: key }) };
    return new Sensitive(JSON.stringify({ schema: 'hsmkeep.escrow/1', ...content }));
  });

/** What an entry without a value is stored as; Key Vault takes no empty secrets. */
export const sealIntent = (): Sensitive => new Sensitive(JSON.stringify({ schema: 'hsmkeep.escrow/1', intent: true }));

/**
 * @param name Of the entry, for the error.
 * @returns Null for an intent, which holds no value.
 * @throws {OperatorError} when it is no entry of a version that this hsmkeep knows. Carries no part of it.
 */
export function openEscrow(text: Sensitive, name: string): EscrowContent | null {
  const content = text.use(parse);
  if (content !== undefined) return content;
  throw new OperatorError(
    `The escrow entry ${name} does not hold what hsmkeep stores there.`,
    'Upgrade hsmkeep when a newer version wrote it; otherwise look who writes into the escrow vault. Do not delete it.',
  );
}

function parse(text: string): EscrowContent | null | undefined {
  try {
    const { schema, value, verifier, auditKey, intent } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (schema === 'hsmkeep.escrow/1' && intent === true) return null;
    if (schema !== 'hsmkeep.escrow/1' || typeof value !== 'string' || value === '') return undefined;
    return {
      value: new Sensitive(value),
      ...(typeof verifier === 'string' && { verifier }),
      ...(typeof auditKey === 'string' && auditKey !== '' && { auditKey: new Sensitive(auditKey) }),
    };
  } catch {
    return undefined;
  }
}
