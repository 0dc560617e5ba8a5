import { HttpProblem } from './problem.ts';

/** 410: retention has given a backup up; what may be left of its blobs is no whole backup. */
export const prunedAlready = (folder: string): HttpProblem =>
  new HttpProblem(410, {
    message: `Retention has deleted ${folder}, or is about to finish deleting it.`,
    hint: 'It cannot be brought back. If the storage account keeps deleted blobs (soft delete), its administrator can undelete the folder.',
  });
