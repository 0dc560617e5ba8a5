import { join } from 'node:path';
import { ROOT } from '../../support/bundle.ts';
import { inTurn, medianOf } from '../runner/rounds.ts';
import type { Row } from '../runner/row.ts';
import { settingsOn } from '../support/app-settings.ts';
import { runNode, type Usage } from '../support/child.ts';
import { type StubFolder, startStorageStub } from '../support/storage-stub.ts';

const ROUNDS = 3;
const MIB = 1024 * 1024;
const FOLDER = 'mhsm-contoso-hsm-2026010102000000';
const BLOBS = 8;
/** Not smaller: V8 first lets some 32 MiB of buffers pile up before it collects any, whatever the code does. */
const SMALL: StubFolder = { folder: FOLDER, blobs: BLOBS, blobBytes: 8 * MIB };
const LARGE: StubFolder = { folder: FOLDER, blobs: BLOBS, blobBytes: 64 * MIB };

/** A backup may be larger than the memory of the instance that reads it back. */
export const manifest: Row = {
  name: 'manifest',
  title: 'memory of reading a backup back: 512 MiB beside 64 MiB',
  async measure({ rounds }) {
    const { large, small } = await inTurn(rounds(ROUNDS), { large: () => hashOnce(LARGE), small: () => hashOnce(SMALL) });
    const seconds = medianOf(large, ({ wallMs }) => wallMs) / 1000;
    return [
      {
        what: 'manifest of 512 MiB, peak memory',
        unit: 'MiB',
        ours: medianOf(large, ({ peakMiB }) => peakMiB),
        baseline: { name: 'of 64 MiB', value: medianOf(small, ({ peakMiB }) => peakMiB) },
        target: { of: 'ratio', atMost: 1.25 },
        note: `${BLOBS} blobs from an HTTP stub of storage, in ${seconds.toFixed(1)} s with the start of the process`,
      },
    ];
  },
};

/** One process reads one backup. @throws {Error} when it did not read all of it. */
async function hashOnce(contents: StubFolder): Promise<Usage> {
  const stub = await startStorageStub(contents);
  try {
    const usage = await runNode([join(ROOT, 'test/bench/apps/hash-folder.mjs'), contents.folder], settingsOn(stub.blobEndpoint));
    const { value } = JSON.parse(usage.stdout) as { value?: { blobs: number; next: number | null; changed: boolean } };
    const readAll = value?.blobs === contents.blobs && value.next === null && !value.changed;
    if (!readAll || stub.sentBytes() !== contents.blobs * contents.blobBytes) throw new Error(`Not all was read: ${usage.stdout}`);
    return usage;
  } finally {
    await stub.stop();
  }
}
