import { updateDocument } from '../clients/blob-store.ts';
import type { Clients } from '../clients/clients.ts';
import { TransientError } from '../clients/errors.ts';
import { readFrom } from '../clients/restore-source.ts';
import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import type { HsmJob, JobStart } from '../domain/job.ts';
import { type AttemptState, attemptState, type RestoreAttempt } from '../domain/restore/attempt.ts';
import { attemptPath } from '../domain/restore/plan.ts';
import { parseRunId } from '../domain/run-id.ts';
import type { Problem } from '../domain/views.ts';
import type { ApprovedRestore } from './check-restore-approval.ts';
import { defineActivity } from './define-activity.ts';
import { requireDrill } from './drill-clients.ts';

/** `attempt` counts from 1; a higher one only once it is known that the one before was not taken. */
export type StartRestoreInput = Readonly<{ restore: ApprovedRestore; attempt: number }>;
/**
 * `unclear`: the request was sent, now or before, and what became of it is not known. It must not be sent again.
 * `declined`: the HSM refused it, so nothing was started.
 */
export type StartRestoreResult =
  | Exclude<JobStart, { status: 'unknown' | 'refused' }>
  | Readonly<{ status: 'unclear'; detail: string } | { status: 'declined'; problem: Problem }>;

/**
 * Starts a restore: one request for each attempt, whatever happens to this process. That it is about to be sent is written down first, so
 * that a second entry (an activity may run twice) does not send it again.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/full-restore-operation
 * @see https://learn.microsoft.com/rest/api/keyvault/administration/selective-key-restore-operation
 */
export const startRestore = defineActivity(
  'startRestore',
  ['restore'],
  (clients) =>
    async ({ restore, attempt }: StartRestoreInput): Promise<StartRestoreResult> => {
      requireTarget(clients, restore);
      const entered = await enter(clients, restore.id, attempt);
      if (entered.status === 'started') return { status: 'started', job: entered.job, retryAfterMs: null, date: null };
      if (entered.status === 'sent') return { status: 'unclear', detail: 'an earlier request' };

      const start = await send(clients, restore);
      if (start.status === 'unknown') return { status: 'unclear', detail: start.detail };
      await note(clients, restore.id, start.status === 'started' ? { attempt, job: start.job } : { attempt: attempt - 1, job: null });
      return start.status === 'refused' ? { status: 'declined', problem: start.problem } : start;
    },
);

/** A drill never replaces anything in an HSM that is kept, whatever the configuration said when it began. @throws {OperatorError} */
function requireTarget(clients: Clients, { id, source, target }: ApprovedRestore): void {
  if (parseRunId(id)?.kind !== 'drill') return;
  const allowed = requireDrill(clients, source).target.name;
  if (allowed === target) return;
  throw new OperatorError(
    `Drills of ${source} go into ${allowed} by now, and not into ${target}.`,
    'Nothing was restored; start the drill anew.',
  );
}

function send(clients: Clients, restore: ApprovedRestore): Promise<JobStart> {
  const { target, folder, scope } = restore;
  const hsm = clients.hsm(target);
  const from = readFrom(clients, restore);
  return scope === 'full' ? hsm.startRestore(from, folder) : hsm.startKeyRestore(from, folder, scope.key);
}

/** Writes down that the attempt is about to be sent, unless it was. @returns How it stood before. */
async function enter({ documents }: Clients, id: string, attempt: number): Promise<AttemptState> {
  const path = attemptPath(id);
  const found: { state: AttemptState } = { state: { status: 'sent' } };
  const written = await updateDocument(documents, path, (text) => {
    found.state = attemptState(text === undefined ? undefined : parse(text, path), attempt);
    return found.state.status === 'not-sent' ? textOf({ attempt, job: null }) : undefined;
  });
  if (!written) throw new TransientError(`${path} kept being changed by others`);
  return found.state;
}

/** If what came of it cannot be kept, the run's own history still has it. */
async function note({ documents }: Clients, id: string, attempt: Readonly<{ attempt: number; job: HsmJob | null }>): Promise<void> {
  await documents.write(attemptPath(id), textOf(attempt)).catch(() => undefined);
}

const parse = (text: string, path: string): RestoreAttempt => parseDocument<RestoreAttempt>(text, 'hsmkeep.restore-attempt/1', path);
const textOf = (attempt: Omit<RestoreAttempt, 'schema'>): string =>
  JSON.stringify({ schema: 'hsmkeep.restore-attempt/1', ...attempt } satisfies RestoreAttempt);
