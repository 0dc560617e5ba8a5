import { type EscrowPlace, escrowPlace, type SecretRef } from '../clients/vault-secret.ts';
import { newestFirst } from '../domain/rotation/version-order.ts';
import { defineActivity } from './define-activity.ts';

/** `escrow`: version of the entry; null when it is closed already. `hasOlder`: earlier ones may be open, too. */
export type CloseSecretInput = Readonly<{ ref: SecretRef; rotationId: string; escrow: string | null; hasOlder?: boolean }>;

/**
 * Ends a rotation: its escrow entry is disabled, never deleted, and so are those that it took the place of, of whose values none is of use
 * any more; then its version forgets the grace. In this order, the oldest entry first, so that a crash leaves what is to be found. Idempotent.
 *
 * @throws {TransientError}
 */
export const closeSecret = defineActivity(
  'closeSecret',
  ['rotate'],
  (clients) =>
    async ({ ref, rotationId, escrow, hasOlder = false }: CloseSecretInput): Promise<Readonly<{ closed: boolean }>> => {
      const place = escrowPlace(clients, ref);
      if (hasOlder) await closeOlder(place, escrow);
      if (escrow !== null) await place.vault.update(place.name, escrow, { enabled: false });

      const vault = clients.vault(ref.vault);
      const reading = await vault.read(ref.name);
      // Somebody wrote a newer version meanwhile: its tags are not ours to change.
      if (reading.status !== 'found' || reading.facts.tags['rot-id'] !== rotationId) return { closed: false };
      const { 'rot-grace-until': _over, ...tags } = reading.facts.tags;
      await vault.update(ref.name, reading.facts.version, { tags });
      return { closed: true };
    },
);

async function closeOlder({ vault, name }: EscrowPlace, newest: string | null): Promise<void> {
  const older = newestFirst(await vault.versions(name)).filter(({ version, enabled }) => enabled && version !== newest);
  for (const { version } of older.reverse()) await vault.update(name, version, { enabled: false });
}
