import type { AbortSignalLike } from '@azure/abort-controller';
import type { BatchSubResponse, ContainerClient } from '@azure/storage-blob';
import { storageRefused } from '../domain/problems.ts';
import type { RemovedMany } from './blob-store.ts';
import { RefusedError, TransientError } from './errors.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';

/** The most that the service takes in one request. @see https://learn.microsoft.com/rest/api/storageservices/blob-batch */
const BATCH_SIZE = 256;
const BATCHES_AT_ONCE = 4;

/** Kept by a time-based policy or a legal hold, at any level: `BlobImmutableDueToPolicy`, `BlobImmutableDueToLegalHold`. */
const RETAINED = /^BlobImmutableDueTo/;

/**
 * Removes blobs with their snapshots, 256 with each request and four requests at once.
 *
 * @throws {RefusedError} when the account refuses one of them for another reason than that it is retained; others may be removed by then.
 * @throws {TransientError}
 */
export async function removeMany(
  container: ContainerClient,
  paths: AsyncIterable<string>,
  deadline: () => AbortSignalLike,
): Promise<RemovedMany> {
  const batches = inBatches(paths);
  const total = { removed: 0, retained: 0 };
  // Several may ask a generator for its next item at once; it answers them in turn.
  const work = async (): Promise<void> => {
    for (let next = await batches.next(); !next.done; next = await batches.next()) {
      const { removed, retained } = await removeBatch(container, next.value, deadline());
      total.removed += removed;
      total.retained += retained;
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
  return total;
}

async function removeBatch(container: ContainerClient, paths: readonly string[], abortSignal: AbortSignalLike): Promise<RemovedMany> {
  // Scoped to the container, so that a right on the container is enough.
  const client = container.getBlobBatchClient();
  const batch = client.createBatch();
  for (const path of paths) await batch.deleteBlob(container.getBlobClient(path), { deleteSnapshots: 'include' });

  const { subResponses } = await client.submitBatch(batch, { abortSignal });
  const outcomes = paths.map((_, index) => outcomeOf(container, subResponses[index]));
  const retained = outcomes.filter((outcome) => outcome === 'retained').length;
  return { removed: outcomes.length - retained, retained };
}

function outcomeOf(container: ContainerClient, answer: BatchSubResponse | undefined): 'removed' | 'retained' {
  if (!answer) throw new TransientError('storage did not answer for every blob of a batch');
  const { status, errorCode = '' } = answer;
  if (status < 300 || errorCode === 'BlobNotFound') return 'removed';
  if (status === 409 && RETAINED.test(errorCode)) return 'retained';

  const failure = sortSdkError({ statusCode: status, code: errorCode, message: answer.statusMessage });
  if (isRefusal(failure) && failure.kind !== 'throttled') throw new RefusedError(failure, storageRefused(container.url, failure));
  throw new TransientError(`storage did not remove a blob (${failure.code}: ${failure.detail})`);
}

async function* inBatches(paths: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const path of paths) {
    batch.push(path);
    if (batch.length < BATCH_SIZE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
