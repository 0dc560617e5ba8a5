import type { BlobStore } from '../clients/blob-store.ts';
import { listFoldersOf } from '../clients/catalogue.ts';
import { findRecord } from '../clients/records.ts';
import { nothingToDrill } from '../domain/drill/problems.ts';
import { OperatorError } from '../domain/errors.ts';
import { takenAtOf } from '../domain/folder.ts';
import type { RestoreScope } from '../domain/restore/plan.ts';
import { defineActivity } from './define-activity.ts';
import { requireDrill } from './drill-clients.ts';

/** Without a folder: the newest recorded backup. */
export type ChooseDrillInput = Readonly<{ hsm: string; folder: string | null }>;

/** What a drill restores, and into what. */
export type ChosenDrill = Readonly<{
  source: string;
  target: string;
  scope: RestoreScope;
  canaryKey: string;
  folder: string;
  takenAt: string;
  /** Address of the container that the backup lies in. */
  container: string;
  /** The drill HSM was never backed up, and an HSM takes a restore only once it was. */
  needsBackup: boolean;
}>;

/** Decides what a drill is about. The newest recorded backup is taken as it is, a damaged one too: to find that is what a drill is for. */
export const chooseDrill = defineActivity(
  'chooseDrill',
  ['restore'],
  (clients) =>
    async ({ hsm, folder }: ChooseDrillInput): Promise<ChosenDrill> => {
      const { source, target, drill } = requireDrill(clients, hsm);
      const chosen = await chooseFolder(clients.backups(source.name), source.name, folder);
      if (chosen === undefined) {
        const { message, hint } = nothingToDrill(source.name, folder);
        throw new OperatorError(message, hint);
      }
      return {
        source: source.name,
        target: target.name,
        scope: drill.mode === 'full' ? 'full' : { key: drill.canaryKey },
        canaryKey: drill.canaryKey,
        folder: chosen,
        takenAt: takenAtOf(chosen),
        container: source.backupTo.container,
        needsBackup: (await listFoldersOf(clients.backups(target.name), target.name)).length === 0,
      };
    },
);

async function chooseFolder(store: BlobStore, hsm: string, wanted: string | null): Promise<string | undefined> {
  for (const folder of await newestFirst(store, hsm)) {
    if (wanted !== null && folder !== wanted) continue;
    if (await isWorthDrilling(store, hsm, folder)) return folder;
  }
  return undefined;
}

export const newestFirst = async (store: BlobStore, hsm: string): Promise<string[]> =>
  (await listFoldersOf(store, hsm)).sort((a, b) => takenAtOf(b).localeCompare(takenAtOf(a)));

/** Not one that nobody recorded, that failed, or that was given up. */
async function isWorthDrilling(store: BlobStore, hsm: string, folder: string): Promise<boolean> {
  const found = await findRecord(store, hsm, folder);
  if (!found) return false;
  return 'damage' in found || (found.record.status !== 'failed' && found.record.gone === undefined);
}
