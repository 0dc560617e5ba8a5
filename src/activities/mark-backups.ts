import type { BlobStore } from '../clients/blob-store.ts';
import { TransientError } from '../clients/errors.ts';
import { updateRecord } from '../clients/records.ts';
import { parseDocument } from '../domain/documents.ts';
import { isHeld, type PruningPlan } from '../domain/pruning.ts';
import type { BackupRecord } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';
import { stagedPlanPath } from './plan-hsm-retention.ts';

/** `at`: the time that the plan was made for, ISO 8601 UTC. */
export type MarkBackupsInput = Readonly<{ hsm: string; run: string; at: string }>;
export type MarkBackupsResult = Readonly<{ marked: number; lifted: number }>;

const WRITES_AT_ONCE = 8;

/**
 * Writes the marks of the run's plan into the records, and takes away those that no longer hold; guarded by ETags. Idempotent.
 * What a person has pinned since the plan was made is left alone. The undo period begins when a mark is written, however long ago it was decided.
 */
export const markBackups = defineActivity(
  'markBackups',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, run, at }: MarkBackupsInput): Promise<MarkBackupsResult> => {
      const store = backups(hsm);
      const path = stagedPlanPath(hsm, run);
      const document = await store.read(path);
      if (!document) throw new TransientError(`the staged retention plan of ${run} is missing`);
      const { mark, lift } = parseDocument<PruningPlan>(document.text, 'hsmkeep.pruning-plan/1', path);
      const now = new Date().toISOString();
      const markedAt = Date.parse(at) <= Date.parse(now) ? now : at;

      const todo = [
        ...mark.map(({ folder, reason }) => ({ folder, marks: [{ at: markedAt, run, reason }] })),
        ...lift.map((folder) => ({ folder, marks: [] })),
      ];
      const done = { marked: 0, lifted: 0 };
      const work = async (): Promise<void> => {
        for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
          const changed = await setMarks(store, hsm, next.folder, next.marks, at);
          if (changed) done[next.marks.length > 0 ? 'marked' : 'lifted'] += 1;
        }
      };
      await Promise.all(Array.from({ length: WRITES_AT_ONCE }, work));
      return done;
    },
);

async function setMarks(store: BlobStore, hsm: string, folder: string, marks: BackupRecord['marks'], at: string): Promise<boolean> {
  let applies = false;
  await updateRecord(store, hsm, folder, (record) => {
    applies = record !== undefined && !record.gone && !(marks.length > 0 && isHeld(record, at));
    return record && applies ? { ...record, marks } : undefined;
  });
  return applies;
}
