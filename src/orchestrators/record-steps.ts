import type { OrchestrationContext } from 'durable-functions';
import { fingerprintFolder } from '../activities/fingerprint-folder.ts';
import { hashFolder } from '../activities/hash-folder.ts';
import { sealManifest } from '../activities/seal-manifest.ts';
import { writeRecord } from '../activities/write-record.ts';
import { parseFolder } from '../domain/folder.ts';
import type { HsmJob } from '../domain/job.ts';
import { neverSettled } from '../domain/problems.ts';
import type { InventorySummary, ManifestSummary } from '../domain/record.ts';
import { SETTLE_WAITS, stretched, waitMs } from '../domain/waiting.ts';
import { call, StepFailed, type Steps, sleep } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { looksLeft } from './turns.ts';

type Facts = Readonly<{ hsm: string; run: string; folder: string; intentAt: string; job: HsmJob | null }>;

/** A backup whose job ended, or that was found. `job` is null when it is not known to be ours. */
export type FolderFacts = Facts & Readonly<{ startedAt: string | null; endedAt: string | null; inventory: InventorySummary | null }>;

/**
 * Reads a backup back: every byte hashed under a listing that stays the same, then the record. That is proof L1.
 * A backup that never settles is recorded as failed.
 *
 * @throws {StepFailed}
 */
export function* recordFolder(context: OrchestrationContext, log: RunLog, facts: FolderFacts): Steps<ManifestSummary> {
  const manifest = yield* recordIfSettled(context, log, facts);
  if (manifest) return manifest;
  yield* recordFailedFolder(context, facts);
  throw new StepFailed(neverSettled(facts.folder));
}

/**
 * The same of a folder that may be somebody else's: one that never settles is left as it is.
 *
 * @returns undefined when its blobs kept changing.
 */
export function* recordIfSettled(context: OrchestrationContext, log: RunLog, facts: FolderFacts): Steps<ManifestSummary | undefined> {
  log.begin('Manifest');
  const parts = yield* hashUntilStable(context, log, facts);
  if (!parts) return undefined;
  const manifest = yield* call(context, sealManifest, { hsm: facts.hsm, run: facts.run, folder: facts.folder, parts });
  log.done(`${manifest.blobs} blobs`);

  log.begin('Record');
  const at = context.df.currentUtcDateTime.toISOString();
  const { startedAt, endedAt, inventory } = facts;
  yield* call(context, writeRecord, {
    record: {
      ...recordOf(facts),
      status: 'complete',
      startedAt,
      endedAt,
      manifest,
      inventory,
      proofs: [{ level: 'L1', at, run: facts.run }],
    },
  });
  log.done();
  return manifest;
}

/** Records that a folder is there and must not be counted on. */
export function* recordFailedFolder(context: OrchestrationContext, facts: Facts): Steps<void> {
  yield* call(context, writeRecord, {
    record: { ...recordOf(facts), status: 'failed', startedAt: null, endedAt: null, manifest: null, inventory: null, proofs: [] },
  });
}

const recordOf = ({ hsm, folder, run, intentAt, job }: Facts) => ({
  hsm,
  folder,
  takenAt: parseFolder(folder)?.takenAt ?? intentAt,
  run,
  intentAt,
  jobId: job?.jobId ?? null,
  adopted: job === null,
  holds: [],
  marks: [],
});

/** @returns The parts of the manifest; undefined when the listing kept changing until the deadline. */
function* hashUntilStable(context: OrchestrationContext, log: RunLog, { hsm, run, folder }: Facts): Steps<readonly number[] | undefined> {
  // Each look is two calls.
  const waits = stretched(SETTLE_WAITS, Math.max(2, Math.floor(looksLeft(context) / 2)));
  for (let look = 0; look < waits.looks; look += 1) {
    const hashed = yield* hashAll(context, { hsm, run, folder });
    yield* sleep(context, waitMs(waits, look));
    const listing = yield* call(context, fingerprintFolder, { hsm, folder });
    if (hashed?.listing === listing) return hashed.parts;
    log.waiting(`the blobs of ${folder} still change`);
  }
  return undefined;
}

const PART_BUDGET_MS = 20_000;
/** After so many calls each may take longer, so that no history grows beyond its bound. */
const SHORT_PARTS = 8;
const LONG_PART_BUDGET_MS = 240_000;
const MOST_PARTS = 20;

function* hashAll(
  context: OrchestrationContext,
  input: Readonly<{ hsm: string; run: string; folder: string }>,
): Steps<Readonly<{ listing: string; parts: readonly number[] }> | undefined> {
  const most = Math.min(MOST_PARTS, looksLeft(context));
  const parts: number[] = [];
  let listing: string | undefined;
  for (let from: number | null = 0; from !== null && parts.length < most; ) {
    parts.push(from);
    const budgetMs = parts.length <= SHORT_PARTS ? PART_BUDGET_MS : LONG_PART_BUDGET_MS;
    const part: Readonly<{ listing: string; blobs: number; next: number | null; changed: boolean }> = yield* call(context, hashFolder, {
      ...input,
      from,
      budgetMs,
    });
    listing ??= part.listing;
    if (part.changed || part.listing !== listing || part.blobs === 0) return undefined;
    from = part.next;
    if (from === null) return { listing, parts };
  }
  return undefined;
}
