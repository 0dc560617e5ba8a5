import { auditEvents } from '../domain/audit.ts';
import type { Run } from '../domain/run.ts';
import { VERSION } from '../version.ts';
import { defineActivity } from './define-activity.ts';

export type AuditRunInput = Readonly<{ run: Run }>;

/**
 * Adds a run that has ended to the audit trail: a line for each step and one for the end. A repetition adds the same lines, under the same
 * ids, once more.
 *
 * @returns Whether anybody is to be told of runs: notices need two more steps, which a configuration without them is spared.
 * @throws {TransientError}
 */
export const auditRun = defineActivity(
  'auditRun',
  ['backup', 'restore', 'rotate'],
  ({ audit, config }) =>
    async ({ run }: AuditRunInput): Promise<Readonly<{ notices: boolean }>> => {
      const lines = auditEvents(run, VERSION).map((event) => JSON.stringify(event));
      await audit.append(lines, run.endedAt ?? run.startedAt);
      return { notices: config.notify.length > 0 };
    },
);
