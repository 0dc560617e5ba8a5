import { atLeast } from '../../domain/backup.ts';
import { OperatorError } from '../../domain/errors.ts';
import type { Run } from '../../domain/run.ts';
import type { BackupView, HsmView } from '../../domain/views.ts';
import type { ApiClient } from '../api/client.ts';
import { followRuns } from '../api/follow.ts';
import type { Accepted } from '../commands/wait.ts';
import type { RunProgress } from '../output/run-progress.ts';

/** The night that is asked for. */
export type Night = Readonly<{
  /** `2026-11-22`, in the time zone. */
  date: string;
  timeZone: string;
  /** HSMs whose newest backup is to be shown to them, for L2. */
  preRestore: readonly string[];
  /** HSMs whose newest backup is to be restored into their drill HSM, for L3c. */
  drills: readonly string[];
  /** How long all of it may take, in real time. */
  deadlineMs?: number;
  signal: AbortSignal;
}>;

/** How one HSM came through the night. */
export type HsmNight = Readonly<{
  hsm: string;
  /** The newest proven backup, when it is of this night. */
  backup: BackupView | null;
  /** The run that took it, where it is known. */
  run: Run | null;
  /** What went wrong, for people. */
  problems: readonly string[];
}>;

/** Many times what emulated HSMs take on a busy machine; runs that reach for something that is not there would be tried for longer. */
const DEADLINE_MS = 4 * 60_000;

/**
 * Sees to it that every HSM has a proven backup of the night: takes those that are missing, all at once, then asks each HSM whether
 * it would take its newest one, and drills it where that is wanted. What goes wrong with one HSM does not stop the others.
 */
export async function spendTheNight(api: ApiClient, night: Night, progress: RunProgress): Promise<readonly HsmNight[]> {
  const problems = new Map<string, string[]>();
  const complain = (hsm: string, problem: string): void => void problems.set(hsm, [...(problems.get(hsm) ?? []), problem]);
  const deadlineMs = night.deadlineMs ?? DEADLINE_MS;
  const patience: Patience = { deadlineMs, endOfTime: performance.now() + deadlineMs, signal: night.signal };
  const runAll = (starts: readonly Start[]): Promise<void> => startAndFollow(api, starts, complain, patience, progress);

  const before = await readHsms(api);
  // A run for one whose container cannot be reached would try for a long time, to no avail; the end tells of it.
  const missing = before.filter((hsm) => !backupOf(night, hsm) && !hsm.problem);
  await runAll(missing.map(({ name }) => ({ hsm: name, path: `${hsmPath(name)}/backups` })));

  const after = missing.length > 0 ? await readHsms(api) : before;
  const unaccepted = after.flatMap((hsm) => {
    const backup = backupOf(night, hsm);
    const wanted = backup && night.preRestore.includes(hsm.name) && !atLeast(backup.proof, 'L2');
    return wanted ? [{ hsm: hsm.name, path: `${hsmPath(hsm.name)}/pre-restore`, body: { folder: backup.folder } }] : [];
  });
  await runAll(unaccepted);

  const undrilled = after.filter((hsm) => {
    const backup = backupOf(night, hsm);
    return backup && night.drills.includes(hsm.name) && !atLeast(backup.proof, 'L3c');
  });
  await runAll(undrilled.map(({ name }) => ({ hsm: name, path: `${hsmPath(name)}/drill`, body: {} })));

  const last = unaccepted.length + undrilled.length > 0 ? await readHsms(api) : after;
  return Promise.all(
    last.map(async (hsm) => {
      const backup = backupOf(night, hsm);
      if (hsm.problem) complain(hsm.name, `${hsm.problem.message}\n${hsm.problem.hint}`);
      return { hsm: hsm.name, backup, run: await readRun(api, backup), problems: problems.get(hsm.name) ?? [] };
    }),
  );
}

type Start = Readonly<{ hsm: string; path: string; body?: unknown }>;
type Patience = Readonly<{ deadlineMs: number; endOfTime: number; signal: AbortSignal }>;

async function startAndFollow(
  api: ApiClient,
  starts: readonly Start[],
  complain: (hsm: string, problem: string) => void,
  patience: Patience,
  progress: RunProgress,
): Promise<void> {
  await Promise.all(
    starts.map(async (start) => {
      try {
        const { runId } = await api.post<Accepted>(start.path, start.body);
        for (const problem of await follow(api, runId, patience, progress)) complain(start.hsm, problem);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        complain(start.hsm, `${error.message}\n${error.hint}`);
      }
    }),
  );
}

/** Waits for a run, while there is time. @returns What went wrong. */
async function follow(api: ApiClient, id: string, { deadlineMs, endOfTime, signal }: Patience, progress: RunProgress): Promise<string[]> {
  let latest: Run | undefined;
  const onReading = (run: Run): void => {
    latest = run;
    progress.update(run);
  };
  try {
    const runs = await followRuns(api, [id], { onReading, deadlineMs: Math.max(endOfTime - performance.now(), 0), signal });
    return runs.flatMap(problemsOf);
  } catch (error) {
    if (!latest || performance.now() < endOfTime) throw error;
    return [tooLong(latest, deadlineMs)];
  }
}

function tooLong({ kind, steps }: Run, deadlineMs: number): string {
  const at = steps.findLast(({ endedAt }) => endedAt === null);
  const where = at ? ` It is at ${at.name}${at.message ? `: ${at.message}` : ''}.` : '';
  return `${kind}: not ended within ${deadlineMs / 1000} s.${where}\nCan what it needs be reached? The log of the function host tells; the next start goes on with it.`;
}

function problemsOf({ kind, steps }: Run): string[] {
  const bad = steps.filter(({ status }) => status === 'Failed' || status === 'Degraded');
  return bad.map(({ name, message, hint }) => [`${kind}, ${name}: ${message ?? 'failed'}`, hint].filter(Boolean).join('\n'));
}

const hsmPath = (name: string): string => `/hsms/${encodeURIComponent(name)}`;

async function readHsms(api: ApiClient): Promise<readonly HsmView[]> {
  return (await api.list<HsmView>('/hsms')).value;
}

/** How long a backup took is worth a look, not a failure. */
async function readRun(api: ApiClient, backup: BackupView | null): Promise<Run | null> {
  if (!backup?.run) return null;
  return api.get<Run>(`/runs/${encodeURIComponent(backup.run)}`).catch(() => null);
}

function backupOf({ date, timeZone }: Night, { newestProven }: HsmView): BackupView | null {
  return newestProven && dateIn(timeZone, Date.parse(newestProven.takenAt)) >= date ? newestProven : null;
}

/** The calendar date of an instant in a time zone: `2026-11-22`. */
export function dateIn(timeZone: string, instantMs: number): string {
  const format = new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const parts = Object.fromEntries(format.formatToParts(instantMs).map(({ type, value }) => [type, value]));
  return `${parts['year']}-${parts['month']}-${parts['day']}`;
}
