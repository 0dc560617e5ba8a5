import { type SafetyRequest, safetyPath } from '../domain/restore/safety.ts';
import { defineActivity } from './define-activity.ts';

export type RequestSafetyBackupInput = Readonly<{ hsm: string; run: string; restore: string }>;
/** `container`: where the backup will lie. */
export type RequestSafetyBackupResult = Readonly<{ by: 'here' | 'another'; container: string }>;

/**
 * Finds out who takes the backup before a restore. An app that has the backup duty as well takes it itself (`here`); otherwise the app that
 * has it is asked through a document, because the restore duty's identity may not back up (`another`). Idempotent.
 */
export const requestSafetyBackup = defineActivity(
  'requestSafetyBackup',
  ['restore'],
  ({ documents, duties, hsmConfig }) =>
    async ({ hsm, run, restore }: RequestSafetyBackupInput): Promise<RequestSafetyBackupResult> => {
      const { container } = hsmConfig(hsm).backupTo;
      if (duties.includes('backup')) return { by: 'here', container };
      const request: SafetyRequest = { schema: 'hsmkeep.safety-request/1', hsm, run, restore };
      await documents.write(safetyPath(run), JSON.stringify(request));
      return { by: 'another', container };
    },
);
