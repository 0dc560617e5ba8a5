import type { InvocationContext } from '@azure/functions';
import type { Clients } from '../clients/clients.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { deliver, giveUp, OUTBOX, queueNotice } from '../clients/outbox.ts';
import { parseDocument } from '../domain/documents.ts';
import { metricLine } from '../domain/metric.ts';
import { addressed, isGivenUp, overdueNotice, type QueuedNotice } from '../domain/notices.ts';
import { viewHsms } from './hsm-views.ts';

type Surroundings = Readonly<{ clients: Clients; now: string; log: InvocationContext }>;

/** The timer has other things to do; the rest waits for its next tick. */
const BUDGET_MS = 60_000;

/** Sends what waits in the outbox; what nobody took for three days is put aside. An endpoint that is down holds up no other. */
export async function sendWaiting({ clients, now, log }: Surroundings): Promise<void> {
  const until = performance.now() + BUDGET_MS;
  try {
    for await (const { name: path } of clients.documents.listBlobs(OUTBOX)) {
      if (performance.now() > until) return;
      const delivery = (await isTooOld(clients, path, now))
        ? await giveUp(clients, path, 'nobody took it for three days')
        : await deliver(clients, path, now);
      if (delivery.status === 'waiting') continue;
      log.info(metricLine('notices_total', 1, { outcome: delivery.status }));
      if (delivery.status === 'failed') log.warn('notice was not taken', { path, why: delivery.why });
    }
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
    log.warn('notices could not be sent', { reason: error.message });
  }
}

async function isTooOld({ documents }: Clients, path: string, now: string): Promise<boolean> {
  const document = await documents.read(path);
  return document !== undefined && isGivenUp(parseDocument<QueuedNotice>(document.text, 'hsmkeep.notice/1', path), now);
}

/** Queues a notice of each HSM that is overdue, once a day. */
export async function queueOverdue({ clients, now }: Surroundings): Promise<void> {
  const { config, documents } = clients;
  if (!config.notify.some(({ on }) => on.includes('overdue'))) return;
  for (const { name, status, newestProvenAgeHours } of await viewHsms({ clients, now })) {
    if (status === 'ok') continue;
    const body = overdueNotice(name, newestProvenAgeHours, now);
    // What was sent today is no longer in the outbox.
    const marker = `ends/overdue/${body.id}.json`;
    const first = await documents.write(marker, JSON.stringify({ schema: 'hsmkeep.overdue/1', at: now }), { ifAbsent: true });
    if (first.status === 'written') for (const notice of addressed(config.notify, 'overdue', body)) await queueNotice(documents, notice);
  }
}
