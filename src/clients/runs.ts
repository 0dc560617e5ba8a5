import { parseDocument } from '../domain/documents.ts';
import type { Run, RunKind } from '../domain/run.ts';
import { parseRunId, runPath } from '../domain/run-id.ts';
import type { BlobStore } from './blob-store.ts';

const READS_AT_ONCE = 8;
const MONTHS_AT_MOST = 24;

/** A run's record; undefined when there is none, or the id is no run's. */
export async function readRun(store: BlobStore, id: string): Promise<Run | undefined> {
  const path = runPath(id);
  const document = path && (await store.read(path));
  return path && document ? parseDocument<Run>(document.text, 'hsmkeep.run/1', path) : undefined;
}

/** Which runs a list is about. */
export type RunFilter = Readonly<{ kind?: RunKind; subject?: string }>;

/**
 * Recorded runs, newest first, going back month by month until there are enough.
 *
 * @param month The newest month, `2026-11`.
 */
export async function listRuns(store: BlobStore, filter: RunFilter, atLeast: number, month: string): Promise<Run[]> {
  const runs: Run[] = [];
  let at = month;
  for (let months = 0; months < MONTHS_AT_MOST && runs.length < atLeast; months += 1) {
    runs.push(...(await runsOfMonth(store, filter, at)));
    at = monthBefore(at);
  }
  return runs;
}

async function runsOfMonth(store: BlobStore, filter: RunFilter, month: string): Promise<Run[]> {
  const ids: string[] = [];
  for await (const { name } of store.listBlobs(`runs/${month.replace('-', '/')}/`))
    ids.push(name.slice(name.lastIndexOf('/') + 1, -'.json'.length));

  const wanted = ids.filter((id) => {
    const parsed = parseRunId(id);
    return (
      parsed &&
      (filter.kind ?? parsed.kind) === parsed.kind &&
      (filter.subject ?? parsed.subject).toLowerCase() === parsed.subject.toLowerCase()
    );
  });
  const runs: Run[] = [];
  const readSome = async (): Promise<void> => {
    for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
      const run = await readRun(store, id);
      if (run) runs.push(run);
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, readSome));
  return runs.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

function monthBefore(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, '0')}`;
}
