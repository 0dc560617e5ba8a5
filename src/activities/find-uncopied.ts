import { listBackups } from '../clients/catalogue.ts';
import { copyLag, uncopied } from '../domain/copies.ts';
import type { CopyLag } from '../domain/views.ts';
import { defineActivity } from './define-activity.ts';

export type FindUncopiedInput = Readonly<{ hsm: string }>;
/** `folders`: newest first. `lag` null: the configuration names no container for copies. */
export type FindUncopiedResult = Readonly<{ folders: readonly string[]; lag: CopyLag | null }>;

/** More than a run can copy. */
const MOST_FOLDERS = 10;

/** Finds the hashed backups of an HSM that have no complete second copy. */
export const findUncopied = defineActivity(
  'findUncopied',
  ['backup'],
  ({ backups, copies, documents }) =>
    async ({ hsm }: FindUncopiedInput): Promise<FindUncopiedResult> => {
      const container = copies(hsm)?.url;
      if (container === undefined) return { folders: [], lag: null };
      const known = await listBackups(backups(hsm), hsm, documents);
      const folders = uncopied(known, container).map(({ folder }) => folder);
      return { folders: folders.slice(0, MOST_FOLDERS), lag: copyLag(known, container) };
    },
);
