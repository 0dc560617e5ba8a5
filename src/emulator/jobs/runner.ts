import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { MovableClock } from '../clock.ts';
import type { HsmOptions } from '../options.ts';
import { ServiceError } from '../service.ts';
import { transaction } from '../state/transaction.ts';
import { BackupServiceError, JobFailure } from './errors.ts';
import { createFolderTable } from './folder-name.ts';
import { parseStorageAccount, type StorageAccount } from './storage-account.ts';
import {
  endJob,
  findJob,
  insertJob,
  type Job,
  type JobEnd,
  type JobInput,
  type JobKind,
  lastRestoreEnd,
  runningJob,
  runningJobs,
} from './store.ts';
import { doWork, type Finish, type WorkContext } from './work.ts';

/** How long each kind takes, before `--time-scale`. */
const DURATION_MS: Readonly<Record<JobKind, number>> = {
  backup: 8_000,
  preBackup: 500,
  restore: 11_000,
  preRestore: 500,
  selectiveRestore: 11_000,
};
/** An HSM refuses requests for a moment after the restore's status is final. */
const LOCK_TAIL_MS = 3_000;

/** Statuses of restores are all that an HSM answers while it restores. */
const RESTORE_STATUS = /^\/restore(\/[^/]+)?\/pending$/;

export type JobRunnerOptions = Readonly<{
  db: DatabaseSync;
  clock: MovableClock;
  hsms: readonly HsmOptions[];
  storage: readonly string[];
  minBackupAgeSeconds: number;
}>;

/**
 * Runs the long-running operations of all HSMs, one at a time for each. A job is on disk before its start is answered; one that was running
 * when the emulator was killed does its work again and ends when it would have ended, or at once.
 */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #storage: readonly StorageAccount[];
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: JobRunnerOptions) {
    createFolderTable(options.db);
    this.#options = options;
    this.#storage = options.storage.map(parseStorageAccount);
  }

  /**
   * Starts a job and returns it as it was started.
   *
   * @param makeInput Called, inside the transaction that starts the job, once nothing stands in the way.
   * @throws {BackupServiceError} 409 while another job of the HSM runs
   */
  start(hsm: string, kind: JobKind, makeInput: (startedAtMs: number) => JobInput): Job {
    const { db, clock } = this.#options;
    const now = clock.now();
    const job = transaction(db, () => {
      if (runningJob(db, hsm)) throw anotherJob();
      const started: Job = {
        id: randomUUID().replaceAll('-', ''),
        hsm,
        kind,
        status: 'InProgress',
        startedAtMs: now,
        dueAtMs: Math.round(now + clock.scaled(DURATION_MS[kind])),
        endedAtMs: null,
        statusDetails: null,
        error: null,
        folderUri: null,
        input: makeInput(now),
      };
      insertJob(db, started);
      return started;
    });
    this.#run(job);
    return job;
  }

  /** The job as it stands. One whose time is up is waited for, so that with no durations the first poll shows the end. */
  async find(hsm: string, id: string): Promise<Job | undefined> {
    const { db, clock } = this.#options;
    const job = findJob(db, hsm, id);
    if (job?.status !== 'InProgress' || clock.now() < job.dueAtMs) return job;
    await this.#running.get(id);
    return findJob(db, hsm, id);
  }

  /** @throws {ServiceError} 409 Conflict to everything but the restore's status while an HSM is restored, and for a moment after */
  admit(hsm: string, method: string, path: string): void {
    if (method === 'GET' && RESTORE_STATUS.test(path)) return;
    if (!this.#isRestoring(hsm)) return;
    throw new ServiceError(409, 'Conflict', 'User triggered Restore operation is in progress. Retry after the restore operation');
  }

  /** Goes on with the jobs that were running when the emulator ended. */
  resume(): void {
    for (const job of runningJobs(this.#options.db)) {
      if (this.#options.hsms.some(({ name }) => name === job.hsm)) this.#run(job);
    }
  }

  /** Lets go of the jobs that run; they stay on disk as they are. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running.values());
  }

  #isRestoring(hsm: string): boolean {
    const { db, clock } = this.#options;
    const kind = runningJob(db, hsm)?.kind;
    if (kind === 'restore' || kind === 'selectiveRestore') return true;
    const endedAtMs = lastRestoreEnd(db, hsm);
    const now = clock.now();
    // An end that lies ahead is one from before the clock was moved back.
    return endedAtMs !== undefined && endedAtMs <= now && now < endedAtMs + clock.scaled(LOCK_TAIL_MS);
  }

  #run(job: Job): void {
    const run = this.#workAndEnd(job)
      .catch((error) => {
        if (!this.#stopping.signal.aborted) console.error('emulator: job failed', { jobId: job.id, kind: job.kind }, error);
      })
      .finally(() => this.#running.delete(job.id));
    this.#running.set(job.id, run);
  }

  async #workAndEnd(job: Job): Promise<void> {
    const { clock } = this.#options;
    const [beganAtMs, began] = [clock.now(), performance.now()];
    let doneAtMs: number | undefined;
    const untilDue = async () => {
      doneAtMs ??= beganAtMs + (performance.now() - began);
      await clock.until(job.dueAtMs, this.#stopping.signal);
    };
    const finish = await this.#work(job, untilDue);
    await untilDue();
    // Not the clock's time: one that jumped far beyond the end does not move it.
    this.#end(job, finish, Math.round(Math.max(job.dueAtMs, doneAtMs ?? 0)));
  }

  /** A failure of the work is kept for the moment when the job's time is up. */
  async #work(job: Job, untilDue: () => Promise<void>): Promise<Finish> {
    const { db, clock, hsms, minBackupAgeSeconds } = this.#options;
    const hsm = hsms.find(({ name }) => name === job.hsm) ?? { name: job.hsm };
    const context: WorkContext = {
      db,
      hsm,
      storage: this.#storage,
      minBackupAgeSeconds,
      now: () => clock.now(),
      untilDue,
      signal: this.#stopping.signal,
    };
    try {
      if (!job.input) throw new Error(`Job ${job.id} has no input.`);
      return await doWork({ ...job, input: job.input }, context);
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }

  #end(job: Job, finish: Finish, endedAtMs: number): void {
    const { db } = this.#options;
    const common = { endedAtMs, statusDetails: null, error: null, folderUri: null };
    try {
      transaction(db, () => endJob(db, job.id, { ...common, status: 'Succeeded', ...finish() }));
    } catch (error) {
      endJob(db, job.id, { ...common, ...failed(error) });
      if (!(error instanceof JobFailure)) console.error('emulator: job failed', { jobId: job.id, kind: job.kind }, error);
    }
  }
}

function failed(error: unknown): Pick<JobEnd, 'status' | 'error' | 'statusDetails'> {
  const { code, message, statusDetails } =
    error instanceof JobFailure ? error : new JobFailure('InternalError', 'The emulator failed; its log says why.');
  return { status: 'Failed', error: { code, message }, statusDetails };
}

/** The service repeats a stack trace of its own here, and leaves the charset out. */
const anotherJob = () =>
  new BackupServiceError(409, '409', 'Another backup operation is in progress. Please try again after sometime.', {
    innererror: { code: 'Exception Details', message: '   at Emulator.BackupRestore.Start()', innererror: null },
    headers: { 'Content-Type': 'application/json' },
  });
