import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A container with one folder of many blobs, in a thread of its own, so that the client is what is measured. */
export type PruneStub = Readonly<{
  /** `http://127.0.0.1:PORT/ACCOUNT`, with the container `backups`. */
  blobEndpoint: string;
  /** How many requests there were so far: `list`, `batch`, and by method for single documents. */
  requests(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}>;

export async function startPruneStub(contents: Readonly<{ folder: string; blobs: number }>): Promise<PruneStub> {
  const worker = new Worker(new URL('./prune-stub-worker.ts', import.meta.url), { workerData: contents });
  const [{ port }] = (await once(worker, 'message')) as [{ port: number }];
  return {
    blobEndpoint: `http://127.0.0.1:${port}/bench`,
    async requests() {
      worker.postMessage('requests');
      const [{ requests }] = (await once(worker, 'message')) as [{ requests: Record<string, number> }];
      return requests;
    },
    async stop() {
      await worker.terminate();
    },
  };
}
