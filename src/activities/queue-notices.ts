import type { Clients } from '../clients/clients.ts';
import { queueNotice } from '../clients/outbox.ts';
import { parseDocument } from '../domain/documents.ts';
import { addressed, noticeOf, type QueuedNotice, queuedFor, rotatedNotice } from '../domain/notices.ts';
import { parseManagement } from '../domain/rotation/tags.ts';
import type { Run, RunStatus } from '../domain/run.ts';
import { defineActivity } from './define-activity.ts';

export type QueueNoticesInput = Readonly<{ run: Run }>;

/** `ends/<kind>/<subject>.json`: how the latest run ended, and the one before it, so that a repetition concludes the same. */
type LastEnd = Readonly<{ schema: 'hsmkeep.end/1'; run: string; status: RunStatus; before: RunStatus | null }>;

/**
 * Puts into the outbox what is to be told of a run, before anything is sent: a crash loses no notice. Idempotent.
 *
 * @returns The paths of the notices.
 * @throws {TransientError}
 */
export const queueNotices = defineActivity(
  'queueNotices',
  ['backup', 'restore', 'rotate'],
  (clients) =>
    async ({ run }: QueueNoticesInput): Promise<readonly string[]> => {
      const notice = noticeOf(run, await statusBefore(clients, run));
      const queued = [...(notice ? addressed(clients.config.notify, notice.on, notice.body) : []), ...(await forConsumers(clients, run))];
      return Promise.all(queued.map((one) => queueNotice(clients.documents, one)));
    },
);

/** How the run before this one ended. Notes how this one did. */
async function statusBefore({ documents }: Clients, { id, kind, subject, status }: Run): Promise<RunStatus | null> {
  const path = `ends/${kind}/${subject}.json`;
  const document = await documents.read(path);
  const last = document && parseDocument<LastEnd>(document.text, 'hsmkeep.end/1', path);
  if (last?.run === id) return last.before;
  const before = last?.status ?? null;
  await documents.write(path, JSON.stringify({ schema: 'hsmkeep.end/1', run: id, status, before } satisfies LastEnd));
  return before;
}

/** Those whom the secret's own tags name. */
async function forConsumers({ config, vault }: Clients, run: Run): Promise<QueuedNotice[]> {
  const body = rotatedNotice(run);
  if (!body?.secret) return [];
  const [vaultName = '', name = ''] = body.secret.ref.split('/');
  const published = (await vault(vaultName).versions(name)).find(({ version }) => version === body.secret?.version);
  const parsed = parseManagement(published?.tags ?? {});
  const names = parsed.status === 'managed' ? parsed.management.notify : [];
  return config.notify.filter((endpoint) => names.includes(endpoint.name)).map((endpoint) => queuedFor(endpoint.name, body));
}
