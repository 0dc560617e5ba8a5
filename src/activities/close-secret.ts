import { escrowPlace, type SecretRef } from '../clients/vault-secret.ts';
import { defineActivity } from './define-activity.ts';

/** `escrow`: version of the entry; null when it is closed already. */
export type CloseSecretInput = Readonly<{ ref: SecretRef; rotationId: string; escrow: string | null }>;

/**
 * Ends a rotation: its escrow entry is disabled, never deleted, and its version forgets the grace. In this order, so that a crash between
 * the two leaves the grace to be found. Idempotent.
 *
 * @throws {TransientError}
 */
export const closeSecret = defineActivity(
  'closeSecret',
  ['rotate'],
  (clients) =>
    async ({ ref, rotationId, escrow }: CloseSecretInput): Promise<Readonly<{ closed: boolean }>> => {
      const place = escrowPlace(clients, ref);
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
