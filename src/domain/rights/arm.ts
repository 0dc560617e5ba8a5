/** `arms/<hsm>.json` in the app's container: the right to restore was given for some hours. An HSM itself ends no assignment. */
export type Arm = Readonly<{
  schema: 'hsmkeep.arm/1';
  hsm: string;
  /** Object id of the identity that may restore. */
  principalId: string;
  /** Object id of who gave the right; null when their token did not tell. */
  by: string | null;
  /** ISO 8601 UTC. */
  armedAt: string;
  expiresAt: string;
}>;

export const armPath = (hsm: string): string => `arms/${hsm}.json`;

export const isOver = ({ expiresAt }: Pick<Arm, 'expiresAt'>, now: string): boolean => Date.parse(expiresAt) <= Date.parse(now);
