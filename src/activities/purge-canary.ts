import { defineActivity } from './define-activity.ts';
import { requireDrill } from './drill-clients.ts';

/** `hsm`: the one whose drill it is. */
export type PurgeCanaryInput = Readonly<{ hsm: string }>;

/**
 * Takes the canary of an earlier drill out of the drill HSM, because an HSM restores no key over another. No other key, and no HSM that is
 * kept, can be meant: both come from the configuration, here. Idempotent.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/keys/purge-deleted-key
 */
export const purgeCanary = defineActivity('purgeCanary', ['restore'], (clients) => async ({ hsm }: PurgeCanaryInput): Promise<null> => {
  const { target, drill } = requireDrill(clients, hsm);
  await clients.hsm(target.name).canary.purge(drill.canaryKey);
  return null;
});
