import type { Protection } from '../domain/doctor/protection.ts';

/** What the first key or secret of a list tells of soft delete; null when there is none. */
export async function firstProtection(
  objects: AsyncIterable<Readonly<{ recoveryLevel?: string; recoverableDays?: number }>>,
): Promise<Protection | null> {
  for await (const { recoveryLevel, recoverableDays } of objects)
    return recoveryLevel === undefined ? null : { recoveryLevel, days: recoverableDays ?? null };
  return null;
}
