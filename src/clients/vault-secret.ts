import {
  ESCROW_STATES,
  type EscrowContent,
  type EscrowEntry,
  escrowName,
  escrowOwner,
  openEscrow,
  parseEscrow,
} from '../domain/rotation/escrow.ts';
import type { RotationMode, RotationState, RotationTrigger } from '../domain/rotation/plan.ts';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import type { ListedEscrow, ListedSecret } from '../domain/rotation/sweep.ts';
import { configTagsOf, parseManagement, type Tags } from '../domain/rotation/tags.ts';
import { newestFirst } from '../domain/rotation/version-order.ts';
import type { Clients } from './clients.ts';
import type { SecretFacts, Vault } from './vault.ts';

/** Names one secret. Enters histories: it holds nothing secret. */
export type SecretRef = Readonly<{ vault: string; name: string }>;

/** Who wants what of a secret; see {@link RotationState}. */
export type Wish = Readonly<{ trigger: RotationTrigger; mode: RotationMode; wanted: string | null }>;

/** Where the entries of a secret are kept. */
export type EscrowPlace = Readonly<{ vault: Vault; name: string; owner: string }>;

/** A secret as it stands, values included: lives within one call and is never handed out of an activity or a function. */
export type SecretLook = Readonly<{
  /** Undefined when there is no current version to be read. `slot`: its place on the target, that of an earlier version where it names none. */
  current: Readonly<{ facts: SecretFacts; value: Sensitive; slot: string }> | undefined;
  status: 'found' | 'missing' | 'disabled';
  /** `content` null: the target is still to make the value. */
  escrow: Readonly<{ entry: EscrowEntry; content: EscrowContent | null }> | undefined;
  place: EscrowPlace;
  /** The tags that say how it is rotated, those of an earlier version where the current one lost them. */
  configTags: Tags;
  tagsLost: boolean;
}>;

type VaultClients = Pick<Clients, 'vault' | 'escrow' | 'vaultConfig'>;

export function escrowPlace({ escrow, vaultConfig }: VaultClients, { vault, name }: SecretRef): EscrowPlace {
  const { name: configured, url } = vaultConfig(vault);
  const kept = escrow(vault);
  return { vault: kept, name: escrowName(configured, name, kept.url !== url), owner: escrowOwner(configured, name) };
}

/**
 * Reads all that decides the next step of a secret: two requests, and a third where the current version has no tags of ours.
 *
 * @throws {RefusedError} or {TransientError} as the vaults answer; {OperatorError} for an entry that cannot be trusted.
 */
export async function lookAtSecret(clients: VaultClients, ref: SecretRef): Promise<SecretLook> {
  const vault = clients.vault(ref.vault);
  const place = escrowPlace(clients, ref);
  const [reading, entry] = await Promise.all([vault.read(ref.name), place.vault.read(place.name)]);

  const escrow =
    entry.status === 'found' ? { entry: parseEscrow(place.owner, entry.facts), content: openEscrow(entry.value, place.name) } : undefined;
  const base = { status: reading.status, escrow, place };
  if (reading.status !== 'found') return { ...base, current: undefined, configTags: {}, tagsLost: false };

  const { facts, value } = reading;
  const hasTags = facts.tags['rot-provider'] !== undefined;
  const earlier = hasTags ? undefined : await lastManaged(vault, ref.name);
  const configTags = configTagsOf(hasTags ? facts.tags : (earlier?.tags ?? {}));
  return {
    ...base,
    current: { facts, value, slot: facts.tags['rot-slot'] ?? earlier?.tags['rot-slot'] ?? '' },
    configTags,
    tagsLost: earlier !== undefined,
  };
}

/** The newest version that says how the secret is rotated, unless a newer one takes it out of our hands. */
async function lastManaged(vault: Vault, name: string): Promise<SecretFacts | undefined> {
  const last = newestFirst(await vault.versions(name)).find(({ tags }) => tags['rot-provider'] !== undefined);
  return last && parseManagement(last.tags).status === 'managed' ? last : undefined;
}

/** What a look tells, fit for the domain to decide from. */
export function stateOf({ vault, name }: SecretRef, look: SecretLook, wish: Wish): RotationState {
  const parsed = parseManagement({ ...look.current?.facts.tags, ...look.configTags });
  return {
    vault,
    name,
    current: look.current ? look.current.facts : look.status === 'disabled' ? 'disabled' : 'missing',
    escrow: look.escrow?.entry ?? null,
    management: parsed.status === 'managed' ? parsed.management : null,
    tagsLost: look.tagsLost,
    ...wish,
  };
}

/** What a sweep decides from. */
export type VaultListing = Readonly<{ secrets: readonly ListedSecret[]; escrow: readonly ListedEscrow[] }>;

/** Lists a vault and its escrow, without values: one request for each 25 secrets. */
export async function listVault(clients: VaultClients, vault: string): Promise<VaultListing> {
  const { escrowVault, url, name } = clients.vaultConfig(vault);
  const all: SecretFacts[] = [];
  for await (const facts of clients.vault(vault).list()) all.push(facts);
  if (escrowVault === undefined) return { secrets: all, escrow: [] };

  const kept: SecretFacts[] = escrowVault === url ? all : [];
  if (escrowVault !== url) for await (const facts of clients.escrow(vault).list()) kept.push(facts);
  return { secrets: all, escrow: kept.flatMap((facts) => listedEscrow(name.toLowerCase(), facts)) };
}

/** An entry with tags that were changed is left to the run that reads it, which tells. */
function listedEscrow(vault: string, { tags, enabled, createdAt }: SecretFacts): ListedEscrow[] {
  const owner = tags['rot-for'];
  if (!owner?.startsWith(`${vault}/`)) return [];
  const state = ESCROW_STATES.find((one) => one === tags['rot-state']) ?? 'open';
  const leaked = tags['rot-mode'] === 'compromise' && ({ mode: 'compromise' } as const);
  return [{ owner, rotationId: tags['rot-id'] ?? '', state, ...leaked, closed: !enabled, createdAt }];
}

/** One secret as the vaults' lists tell, with all its versions, newest first; undefined when there is none of that name. */
export type SecretHistory = Readonly<{ versions: readonly SecretFacts[]; escrow: readonly ListedEscrow[] }>;

/** Reads how a secret stands without reading its value: two requests. */
export async function readHistory(clients: VaultClients, ref: SecretRef): Promise<SecretHistory | undefined> {
  const { name, escrowVault } = clients.vaultConfig(ref.vault);
  const place = escrowVault === undefined ? undefined : escrowPlace(clients, ref);
  const [versions, entries] = await Promise.all([
    clients.vault(ref.vault).versions(ref.name),
    place ? place.vault.versions(place.name) : [],
  ]);
  if (versions.length === 0) return undefined;
  return { versions: newestFirst(versions), escrow: entries.slice(0, 1).flatMap((facts) => listedEscrow(name.toLowerCase(), facts)) };
}
