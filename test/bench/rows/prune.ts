import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { pruneBackup } from '../../../src/activities/prune-backup.ts';
import { type Clients, createClients } from '../../../src/clients/clients.ts';
import { configuredPolicyHash } from '../../../src/clients/retention-plan.ts';
import { loadSettings } from '../../../src/config/settings.ts';
import { type BackupRecord, recordPath } from '../../../src/domain/record.ts';
import { inTurn, median } from '../runner/rounds.ts';
import type { Row } from '../runner/row.ts';
import { settingsOn } from '../support/app-settings.ts';
import { type PruneStub, startPruneStub } from '../support/prune-stub.ts';

const ROUNDS = 5;
const HSM = 'contoso-hsm';
const FOLDER = 'mhsm-contoso-hsm-2026010102000000';
const BLOBS = 20_000;
const BATCH = 256;
const BATCHES_AT_ONCE = 4;
/** Of one listing. */
const PAGE = 5_000;
/** Beside the blobs go manifest and inventory. */
const DOCUMENTS = 2;

const MARKED_AT = '2026-02-01T02:00:00.000Z';
const INPUT = { hsm: HSM, run: 'bench', folder: FOLDER, markedAt: MARKED_AT };
const RECORD: Partial<BackupRecord> = {
  ...{ schema: 'hsmkeep.record/1', hsm: HSM, folder: FOLDER, takenAt: '2026-01-01T02:00:00.000Z', holds: [] },
  marks: [{ at: MARKED_AT, run: 'bench', reason: 'no rule keeps it' }],
};

/** Deleting a backup must cost what its listing and its batches cost. */
export const prune: Row = {
  name: 'prune',
  title: `deleting a backup of ${BLOBS.toLocaleString('en-US')} blobs, beside a bare listing and bare batches`,
  async measure({ rounds }) {
    const stub = await startPruneStub({ folder: FOLDER, blobs: BLOBS });
    try {
      const settings = settingsOn(stub.blobEndpoint);
      const clients = createClients(loadSettings(settings), 'backup');
      const variants = { ours: () => pruneOnce(clients), bare: () => deleteBarely(stub.blobEndpoint, settings.HSMKEEP_STORAGE) };
      // The first time of each is for the compiler.
      const asked = await requestsOf(stub, variants.ours);
      await variants.bare();
      const { ours, bare } = await inTurn(rounds(ROUNDS), variants);
      const fewest = Math.ceil((BLOBS + DOCUMENTS) / BATCH) + Math.ceil(BLOBS / PAGE);
      return [
        {
          what: `prune of ${BLOBS.toLocaleString('en-US')} blobs, wall`,
          unit: 'ms',
          ours: median(ours),
          baseline: { name: 'flat list and batches of the same library', value: median(bare) },
          target: { of: 'ratio', atMost: 1.1 },
          note: 'HTTP stub of storage in a thread of its own; ours with the record: read, marked gone, removed',
        },
        {
          what: 'prune, list pages and batches',
          unit: 'requests',
          ours: asked,
          baseline: { name: 'fewest possible', value: fewest },
          target: { of: 'ratio', atMost: 1 },
        },
      ];
    } finally {
      await stub.stop();
    }
  },
};

/** @returns How long it took, ms. */
async function pruneOnce(clients: Clients): Promise<number> {
  await clients.backups(HSM).write(recordPath(HSM, FOLDER), JSON.stringify(RECORD));
  const startedAt = performance.now();
  const outcome = await pruneBackup.create(clients)({
    ...INPUT,
    at: new Date().toISOString(),
    policyHash: configuredPolicyHash(clients, HSM),
  });
  const tookMs = performance.now() - startedAt;
  const isDone = 'value' in outcome && outcome.value.status === 'pruned' && outcome.value.removed === BLOBS + DOCUMENTS;
  if (!isDone) throw new Error(`Not all was deleted: ${JSON.stringify(outcome)}`);
  return tookMs;
}

/** The same blobs by the library alone. @returns How long it took, ms. */
async function deleteBarely(blobEndpoint: string, connectionString: string): Promise<number> {
  const key = /AccountKey=([^;]+)/.exec(connectionString)?.[1] ?? '';
  const container = new ContainerClient(`${blobEndpoint}/backups`, new StorageSharedKeyCredential('bench', key));
  const startedAt = performance.now();
  const batches = inBatches(container);
  const work = async (): Promise<void> => {
    for (let next = await batches.next(); !next.done; next = await batches.next()) {
      const client = container.getBlobBatchClient();
      const batch = client.createBatch();
      for (const name of next.value) await batch.deleteBlob(container.getBlobClient(name), { deleteSnapshots: 'include' });
      await client.submitBatch(batch);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
  return performance.now() - startedAt;
}

async function* inBatches(container: ContainerClient): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix: `${FOLDER}/` })) {
    batch.push(name);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** How many list pages and batches a piece of work asks for. */
async function requestsOf(stub: PruneStub, work: () => Promise<unknown>): Promise<number> {
  const sum = ({ list = 0, batch = 0 }: Readonly<Record<string, number>>): number => list + batch;
  const before = sum(await stub.requests());
  await work();
  return sum(await stub.requests()) - before;
}
