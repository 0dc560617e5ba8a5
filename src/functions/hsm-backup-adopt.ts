import { findAdoptability } from '../activities/check-adoption.ts';
import { readRecord } from '../clients/catalogue.ts';
import { notItsName, objectionToAdoption } from '../domain/adoption.ts';
import { isFolderOf } from '../domain/folder.ts';
import { viewOfRecord } from '../domain/record.ts';
import { requestedRunId } from '../domain/run-id.ts';
import { adoptBackup } from '../orchestrators/adopt-backup.ts';
import { defineRoute } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';
import { accepted, startOnce } from './start-run.ts';

export const hsmBackupAdopt = defineRoute({
  name: 'hsmBackupAdopt',
  route: 'hsms/{hsm}/backups/{folder}/adopt',
  duties: ['backup'],
  methods: {
    POST: {
      role: 'administrator',
      summary: "Makes a backup ours that somebody else's job has written: reads and hashes it, and records it as L1",
      answers: {
        200: { description: 'It is ours already: the backup', schema: schemas.backupDetail },
        202: { description: 'Started', schema: schemas.started },
      },
      async handle({ params }, { clients, durable, caller, now, log }) {
        const { name } = clients.hsmConfig(params['hsm'] ?? '');
        const folder = params['folder'] ?? '';
        const store = clients.backups(name);
        const state = isFolderOf(name, folder) ? await findAdoptability(store, name, folder, now) : undefined;
        const objection = state === undefined ? notItsName(name, folder) : objectionToAdoption(name, folder, state);
        if (objection) throw new HttpProblem(objection.status, objection);

        const record = state === 'ours' ? await readRecord(store, name, folder) : undefined;
        if (record) return { jsonBody: { backup: viewOfRecord(record), record } };
        const runId = requestedRunId('adopt', name, now);
        await startOnce(durable, adoptBackup, runId, { hsm: name, folder });
        log.info('adoption asked for', { hsm: name, folder, run: runId, by: caller?.oid });
        return accepted(runId);
      },
    },
  },
});
