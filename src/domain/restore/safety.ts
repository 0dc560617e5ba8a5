/** `safety/<run>.json`: a restore asks the app with the backup duty for a backup; removed when that has been started. */
export type SafetyRequest = Readonly<{
  schema: 'hsmkeep.safety-request/1';
  hsm: string;
  /** The run that the backup is to be. */
  run: string;
  /** The restore that asks. */
  restore: string;
}>;

export const SAFETY_PREFIX = 'safety/';
export const safetyPath = (run: string): string => `${SAFETY_PREFIX}${run}.json`;

/** How long the way back from a restore is kept at least, whatever the retention policy says. */
export const SAFETY_HOLD_DAYS = 30;

/** How long a backup that is being restored from is kept at least. */
export const SOURCE_HOLD_DAYS = 1;

export const daysAfter = (instant: string, days: number): string => new Date(Date.parse(instant) + days * 86_400_000).toISOString();
