import { type CanaryTest, testCanary } from '../clients/canary.ts';
import { readRecord } from '../clients/catalogue.ts';
import { noCanary } from '../domain/drill/problems.ts';
import { OperatorError } from '../domain/errors.ts';
import { defineActivity } from './define-activity.ts';
import { requireDrill } from './drill-clients.ts';

export type ProveCanaryInput = Readonly<{ hsm: string; folder: string }>;

/**
 * Has the drill HSM decrypt the known ciphertext and verify the known signature of a backup's record, with the key that was restored.
 *
 * @throws {TransientError} also while the HSM lets nobody in, right after a restore.
 */
export const proveCanary = defineActivity(
  'proveCanary',
  ['restore'],
  (clients) =>
    async ({ hsm, folder }: ProveCanaryInput): Promise<CanaryTest> => {
      const { source, target, drill } = requireDrill(clients, hsm);
      const canary = (await readRecord(clients.backups(source.name), source.name, folder))?.canary;
      if (canary) return testCanary(clients.hsm(target.name), canary);
      const { message, hint } = noCanary(source.name, folder, drill.canaryKey);
      throw new OperatorError(message, hint);
    },
);
