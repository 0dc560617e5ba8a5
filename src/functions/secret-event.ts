import type { InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import type { Clients } from '../clients/clients.ts';
import { readDispatch } from '../clients/dispatch.ts';
import { lookAtSecret, stateOf } from '../clients/vault-secret.ts';
import { metricLine } from '../domain/metric.ts';
import { heldBack } from '../domain/rotation/dispatch.ts';
import { planRotation } from '../domain/rotation/plan.ts';
import { type EventDecision, parseSecretEvent, type SecretEvent } from '../domain/rotation/secret-event.ts';
import { targetOf } from '../domain/rotation/sweep.ts';
import { EventAdmission } from './event-admission.ts';
import { startRotation } from './secret-runs.ts';

/**
 * A vault announces something of a secret, through Event Grid itself or a queue that it writes to: start its rotation if that is what
 * follows. An event is only a hint; it may be late, twice, out of order or never, and everything is decided from the vault itself.
 *
 * @throws {TransientError} when the vault or storage does not answer: Event Grid, or the queue, delivers again.
 */
export const secretEvent =
  ({ clients, admission = new EventAdmission() }: Readonly<{ clients: Clients; admission?: EventAdmission }>) =>
  async (input: unknown, durable: DurableClient, log: InvocationContext): Promise<EventDecision> => {
    const parsed = parseSecretEvent(input);
    const decision = parsed.kind === 'event' ? await decide({ clients, admission, durable }, parsed.event) : parsed.kind;
    const about = parsed.kind === 'event' ? parsed.event : undefined;
    log.info('vault event', { type: about?.type, vault: about?.vault, secret: about?.name, decision });
    log.info(metricLine('events_total', 1, { type: about?.type ?? 'unknown', decision }));
    return decision;
  };

type Surroundings = Readonly<{ clients: Clients; admission: EventAdmission; durable: DurableClient }>;

async function decide({ clients, admission, durable }: Surroundings, event: SecretEvent): Promise<EventDecision> {
  const vault = clients.config.vaults.find(({ name }) => name.toLowerCase() === event.vault.toLowerCase());
  if (!vault) return 'foreign';
  if (vault.topic !== undefined && vault.topic.toLowerCase() !== event.topic.toLowerCase()) return 'other-topic';
  if (vault.rotation !== 'on') return 'observed';

  const now = new Date().toISOString();
  const ref = { vault: vault.name, name: event.name };
  // A new version is a reason to look; the others are about the one version that they name.
  const wanted = event.type === 'SecretNewVersionCreated' ? null : event.version;
  const [look, health] = await Promise.all([lookAtSecret(clients, ref), readDispatch(clients.documents, ref.vault)]);
  const state = stateOf(ref, look, { trigger: 'event', mode: 'normal', wanted });
  const plan = planRotation(state, now);
  const isStale = wanted !== null && look.current !== undefined && look.current.facts.version !== wanted;
  if (plan.step === 'rest') return isStale ? 'stale' : plan.reason === 'unmanaged' ? 'foreign' : 'not-due';
  // The sweep retires, in its own time.
  if (plan.step === 'retire') return 'not-due';

  // The sweep takes it up when that is over.
  if (state.management && heldBack(health, now).includes(targetOf(state.management))) return 'queued';
  if (!admission.admits(vault.name, ref.name.toLowerCase(), now)) {
    await admission.sweep(durable, vault.name, now);
    return 'queued';
  }
  const { started } = await startRotation(
    { clients, durable, now },
    { ...ref, trigger: 'event', mode: 'normal', reason: event.type, by: { kind: 'event', id: event.id }, wanted },
  );
  return started ? 'started' : 'duplicate';
}
