import type { BlobStore } from '../clients/blob-store.ts';
import { readRecord } from '../clients/catalogue.ts';
import { type Adoptability, adoptabilityOf, objectionToAdoption } from '../domain/adoption.ts';
import { OperatorError } from '../domain/errors.ts';
import { defineActivity } from './define-activity.ts';

/** `at`: ISO 8601 UTC. */
export type CheckAdoptionInput = Readonly<{ hsm: string; folder: string; at: string }>;

/** Looks whether a folder may be adopted, or is ours already. Refused: anything else. */
export const checkAdoption = defineActivity(
  'checkAdoption',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, folder, at }: CheckAdoptionInput): Promise<'free' | 'ours'> => {
      const state = await findAdoptability(backups(hsm), hsm, folder, at);
      const objection = objectionToAdoption(hsm, folder, state);
      if (objection) throw new OperatorError(objection.message, objection.hint);
      return state === 'ours' ? 'ours' : 'free';
    },
);

/** What a folder is to somebody who would adopt it. */
export async function findAdoptability(store: BlobStore, hsm: string, folder: string, now: string): Promise<Adoptability> {
  return adoptabilityOf(folder, await readRecord(store, hsm, folder), await isThere(store, folder), now);
}

async function isThere(store: BlobStore, folder: string): Promise<boolean> {
  for await (const _ of store.listBlobs(`${folder}/`)) return true;
  return false;
}
