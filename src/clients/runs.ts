import { parseDocument } from '../domain/documents.ts';
import { OperatorError } from '../domain/errors.ts';
import type { LastResult } from '../domain/rotation/secret-view.ts';
import type { Run, RunKind, RunStatus } from '../domain/run.ts';
import { parseRunId, runPath, startOfRunId } from '../domain/run-id.ts';
import type { BlobLabel, BlobStore } from './blob-store.ts';

const READS_AT_ONCE = 16;
const MONTHS_AT_MOST = 24;

/** A run's record; undefined when there is none, or the id is no run's. */
export async function readRun(store: BlobStore, id: string): Promise<Run | undefined> {
  const path = runPath(id);
  const document = path && (await store.read(path));
  return path && document ? parseDocument<Run>(document.text, 'hsmkeep.run/1', path) : undefined;
}

/**
 * Stores a run's record, with how it ended beside it: whoever wants to know that of thousands of runs need not read them. Idempotent.
 *
 * @throws {OperatorError} when its id is no run's.
 */
export async function writeRun(store: BlobStore, run: Run): Promise<void> {
  const path = runPath(run.id);
  if (!path)
    throw new OperatorError(`${run.id} is not the id of a run.`, 'Start runs through the schedule, the HTTP API or the command line.');
  await store.write(path, JSON.stringify(run), undefined, labelOf(run));
}

const labelOf = ({ status, endedAt, result }: Run): BlobLabel => ({
  status,
  ...(endedAt !== null && { ended: endedAt }),
  ...(typeof result?.['outcome'] === 'string' && { outcome: result['outcome'] }),
});

/**
 * How the newest rotation of each secret of a vault ended, by the subject of its runs. From listings alone: one request for each 5,000 runs
 * of a month. A run that found nothing to do is no result.
 *
 * @param wanted Subjects; when all of them are found, no earlier month is looked at.
 * @param since The earliest month that is of interest, `2026-11`.
 * @param month The newest month.
 */
export async function lastResults(
  store: BlobStore,
  vault: string,
  wanted: ReadonlySet<string>,
  since: string,
  month: string,
): Promise<ReadonlyMap<string, LastResult>> {
  const found = new Map<string, LastResult>();
  let at = month;
  for (let months = 0; months < MONTHS_AT_MOST && at >= since; months += 1) {
    if ([...wanted].every((subject) => found.has(subject))) break;
    for (const [subject, result] of await resultsOfMonth(store, vault, at)) if (!found.has(subject)) found.set(subject, result);
    at = monthBefore(at);
  }
  return found;
}

async function resultsOfMonth(store: BlobStore, vault: string, month: string): Promise<ReadonlyMap<string, LastResult>> {
  const newest = new Map<string, LastResult>();
  const prefix = `${folderOf(month)}rotation-${vault.toLowerCase()}.`;
  for await (const { name, label } of store.listBlobs(prefix, { labels: true })) {
    const run = idOf(name);
    const subject = parseRunId(run)?.subject;
    const { status, ended, outcome } = label ?? {};
    if (subject === undefined || status === undefined || ended === undefined || outcome === 'nothing') continue;
    if ((newest.get(subject)?.endedAt ?? '') < ended)
      newest.set(subject, { run, status: status as RunStatus, outcome: outcome ?? null, endedAt: ended });
  }
  return newest;
}

const folderOf = (month: string): string => `runs/${month.replace('-', '/')}/`;
const idOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1, -'.json'.length);

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
  const runs = await readRuns(store, await idsOfMonth(store, filter, month));
  return runs.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

async function idsOfMonth(store: BlobStore, filter: RunFilter, month: string): Promise<string[]> {
  const ids: string[] = [];
  // Ids begin with their kind, so that backups are found without going through a hundred times as many rotations.
  const prefix = `${folderOf(month)}${filter.kind === undefined ? '' : `${filter.kind}-`}`;
  for await (const { name } of store.listBlobs(prefix)) if (matches(idOf(name), filter)) ids.push(idOf(name));
  return ids;
}

function matches(id: string, { kind, subject }: RunFilter): boolean {
  const parsed = parseRunId(id);
  if (!parsed) return false;
  return (kind ?? parsed.kind) === parsed.kind && (subject ?? parsed.subject).toLowerCase() === parsed.subject.toLowerCase();
}

/** The records of these runs, in no particular order; without those that are not there. */
export async function readRuns(store: BlobStore, ids: readonly string[]): Promise<Run[]> {
  const waiting = [...ids];
  const runs: Run[] = [];
  const readSome = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const run = await readRun(store, id);
      if (run) runs.push(run);
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, readSome));
  return runs;
}

/**
 * Ids of the runs that were planned or asked for in a period, from `from` to before `to` (ISO 8601 UTC), newest first. From listings alone, so
 * that a list of thousands need only read the page that is asked for.
 */
export async function listRunIds(store: BlobStore, filter: RunFilter, from: string, to: string): Promise<string[]> {
  const found: Readonly<{ id: string; at: string }>[] = [];
  for (let month = monthOf(to); month >= monthOf(from); month = monthBefore(month)) {
    for (const id of await idsOfMonth(store, filter, month)) found.push({ id, at: startOfRunId(id) ?? '' });
  }
  return found
    .filter(({ at }) => at >= from && at < to)
    .sort((a, b) => (a.at < b.at || (a.at === b.at && a.id < b.id) ? 1 : -1))
    .map(({ id }) => id);
}

const monthOf = (instant: string): string => instant.slice(0, 'yyyy-MM'.length);

function monthBefore(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, '0')}`;
}
