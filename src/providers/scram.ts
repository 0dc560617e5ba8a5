import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** As many as PostgreSQL itself uses by default; a random value of 40 characters needs no more. */
const ITERATIONS = 4096;
export const SCRAM_SALT_BYTES = 16;

/**
 * What PostgreSQL stores for a password, and takes in place of it: so neither statement nor log has the password.
 *
 * @param password Printable ASCII only: anything else would have to be normalised (SASLprep) first.
 * @see https://www.postgresql.org/docs/current/catalog-pg-authid.html
 * @see https://datatracker.ietf.org/doc/html/rfc5802#section-3
 */
export function scramVerifier(password: string, salt: Uint8Array): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (label: string) => createHmac('sha256', salted).update(label).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
