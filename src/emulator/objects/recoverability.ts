import type { Service } from '../service.ts';

const DEFAULT_DAYS = 90;
const SECONDS_PER_DAY = 86_400;

/** What soft delete promises for the objects of one HSM or vault; the two fields appear in every object's attributes. */
export type Recoverability = Readonly<{ recoverableDays: number; recoveryLevel: string }>;

/** @see https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret#deletionrecoverylevel */
export function recoverability({ traits }: Service): Recoverability {
  const recoverableDays = traits?.recoverableDays ?? DEFAULT_DAYS;
  const customized = recoverableDays < DEFAULT_DAYS ? 'Customized' : '';
  const purgeable = traits?.purgeProtection ? '' : '+Purgeable';
  return { recoverableDays, recoveryLevel: `${customized}Recoverable${purgeable}` };
}

/** When the service itself purges an object deleted at `deletedAt`; both in Unix seconds. */
export const scheduledPurge = (service: Service, deletedAt: number) =>
  deletedAt + recoverability(service).recoverableDays * SECONDS_PER_DAY;
