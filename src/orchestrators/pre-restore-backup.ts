import { addProof } from '../activities/add-proof.ts';
import { chooseBackup } from '../activities/choose-backup.ts';
import { startPreRestore } from '../activities/start-pre-restore.ts';
import { checkLost, jobFailed } from '../domain/problems.ts';
import { call, defineOrchestrator, StepFailed } from './durable.ts';
import { followJob, startJob } from './follow-job.ts';
import { noteJob } from './note-job.ts';
import { recordedRun } from './run-log.ts';
import { underLock } from './under-lock.ts';

export type PreRestoreBackupInput = Readonly<{
  hsm: string;
  /** Null: the newest hashed backup. */
  folder: string | null;
  container: string;
}>;

/** Asks an HSM whether it would restore a backup. If it would, the backup's proof rises to L2. Restores nothing. */
export const preRestoreBackup = defineOrchestrator('preRestoreBackup', ['restore'], function* (context, input: PreRestoreBackupInput) {
  const { hsm, container } = input;
  const run = context.df.instanceId;
  return yield* recordedRun(context, 'pre-restore', hsm, (log) =>
    underLock(context, log, hsm, function* () {
      log.begin('Choose');
      const { folder, alreadyAccepted } = yield* call(context, chooseBackup, { hsm, folder: input.folder });
      log.done(folder);
      // Nobody named it: what the HSM has accepted once needs no second asking.
      if (alreadyAccepted && input.folder === null) return { folder, proof: 'L2', alreadyAccepted };

      log.begin('Pre-restore check');
      const started = yield* startJob(context, log, hsm, startPreRestore, { hsm, folder });
      yield* noteJob(context, hsm, 'pre-restore', started.job);
      const check = yield* followJob(context, log, hsm, started.job, started.retryAfterMs);
      if (check.status === 'failed')
        throw new StepFailed(jobFailed(hsm, 'pre-restore check', check.code, check.detail, `${container}/${folder}`));
      if (check.status === 'unknown') throw new StepFailed(checkLost(hsm));
      log.done();

      log.begin('Record');
      const at = context.df.currentUtcDateTime.toISOString();
      yield* call(context, addProof, { hsm, folder, proof: { level: 'L2', at, run } });
      log.done();
      return { folder, proof: 'L2' };
    }),
  );
});
