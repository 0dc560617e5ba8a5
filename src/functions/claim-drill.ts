import { parseDocument } from '../domain/documents.ts';
import type { Tools } from './define-route.ts';
import { findInstance, isLive } from './start-run.ts';

/** `starts/drill-<target>.json`: the drill that somebody asked for last, into one drill HSM. `at`: ISO 8601 UTC. */
export type DrillClaim = Readonly<{
  schema: 'hsmkeep.drill-claim/1';
  run: string;
  hsm: string;
  at: string;
}>;

/** Between the claim and the start of its run a process may die; so long it counts all the same. */
const STARTING_MS = 60_000;
const MOST_ATTEMPTS = 5;

/**
 * Claims a drill HSM for a drill that is about to be started: of two requests in one instant only one gets it.
 *
 * @returns undefined when it is ours; else the claim that came first and is not over.
 */
export async function claimDrill(
  { clients: { documents }, durable, now }: Pick<Tools, 'clients' | 'durable' | 'now'>,
  target: string,
  drill: Pick<DrillClaim, 'run' | 'hsm'>,
): Promise<DrillClaim | undefined> {
  const path = `starts/drill-${target}.json`;
  const ours: DrillClaim = { schema: 'hsmkeep.drill-claim/1', ...drill, at: now };
  let first: DrillClaim = ours;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const found = await documents.read(path);
    if (found) {
      first = parseDocument<DrillClaim>(found.text, 'hsmkeep.drill-claim/1', path);
      const instance = await findInstance(durable, first.run);
      if (instance ? isLive(instance) : Date.parse(now) - Date.parse(first.at) < STARTING_MS) return first;
    }
    const written = await documents.write(path, JSON.stringify(ours), found ? { ifMatch: found.etag } : { ifAbsent: true });
    if (written.status === 'written') return undefined;
  }
  return first;
}
