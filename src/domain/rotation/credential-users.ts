import { counted } from '../retention/phrases.ts';

/** Sessions that were opened with a credential. `application`: as the client calls itself; empty where it does not. */
export type CredentialUser = Readonly<{ application: string; sessions: number }>;

/** `orders-api (3 sessions), somebody without a name (1 session)`. */
export const usersInWords = (users: readonly CredentialUser[]): string =>
  users.map(({ application, sessions }) => `${application || 'somebody without a name'} (${counted(sessions, 'session')})`).join(', ');
