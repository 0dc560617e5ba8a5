import * as z from 'zod';
import { parseFolder } from '../domain/folder.ts';
import { requestedRunId } from '../domain/run-id.ts';
import { preRestoreBackup } from '../orchestrators/pre-restore-backup.ts';
import { defineRoute } from './define-route.ts';
import * as schemas from './schemas.ts';
import { accepted, startOnce } from './start-run.ts';

const body = z.strictObject({
  folder: z
    .string()
    .refine((folder) => parseFolder(folder) !== undefined, 'must be the folder of a backup: mhsm-<hsm>-<16 digits>')
    .optional()
    .describe('Without it, the newest hashed backup'),
});

export const hsmPreRestore = defineRoute({
  name: 'hsmPreRestore',
  route: 'hsms/{hsm}/pre-restore',
  duties: ['restore'],
  methods: {
    POST: {
      role: 'operator',
      summary: "Asks the HSM whether it would restore a backup; raises the backup's proof to L2",
      body,
      answers: { 202: { description: 'Started', schema: schemas.started } },
      async handle({ params, body: input }, { clients, durable, now }) {
        const { name, backupTo } = clients.hsmConfig(params['hsm'] ?? '');
        const runId = requestedRunId('pre-restore', name, now);
        await startOnce(durable, preRestoreBackup, runId, {
          hsm: name,
          folder: (input as z.output<typeof body>).folder ?? null,
          container: backupTo.container,
        });
        return accepted(runId);
      },
    },
  },
});
