import { shortHash } from '../hash.ts';

/** Durable Functions takes ids of at most 100 characters; `rotation-`, `-` and the instant take 30 of them. */
const LONGEST = 70;

/**
 * The subject of a secret's runs, as their ids carry it: `contoso-kv.db-password`. Neither name holds a dot. A name that is too long is cut
 * and told apart by a hash.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-instance-management for what an id may be
 */
export function subjectOf(vault: string, name: string): string {
  const whole = `${vault}.${name}`.toLowerCase();
  return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST - 9)}_${shortHash(whole)}`;
}
