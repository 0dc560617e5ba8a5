import { listBackups } from '../clients/catalogue.ts';
import { findRecord } from '../clients/records.ts';
import { parseFolder } from '../domain/folder.ts';
import { viewOfDamaged, viewOfFolder, viewOfRecord } from '../domain/record.ts';
import { parseRunId, requestedRunId } from '../domain/run-id.ts';
import { backupHsm } from '../orchestrators/backup-hsm.ts';
import { busy, workerOn } from './busy.ts';
import { defineRoute } from './define-route.ts';
import { pageOf } from './paging.ts';
import { HttpProblem } from './problem.ts';
import { prunedAlready } from './retention-problems.ts';
import * as schemas from './schemas.ts';
import { accepted, liveRuns, startOnce, unlessUnavailable } from './start-run.ts';

export const hsmBackups = defineRoute({
  name: 'hsmBackups',
  route: 'hsms/{hsm}/backups',
  duties: ['backup'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'The backups of an HSM, newest first',
      query: { top: 'How many at most (100)', skip: 'How many to leave out' },
      answers: { 200: { description: 'The backups', schema: schemas.pageOf(schemas.backup) } },
      async handle({ params, url }, { clients }) {
        const { name } = clients.hsmConfig(params['hsm'] ?? '');
        return { jsonBody: pageOf(await listBackups(clients.backups(name), name, clients.documents), url) };
      },
    },
    POST: {
      role: 'operator',
      summary: 'Takes a backup now; while one runs already, tells which; 409 while a restore, a drill or a check works on the HSM',
      answers: { 202: { description: 'Started', schema: schemas.started } },
      async handle({ params }, tools) {
        const { clients, durable, now } = tools;
        const { name, backupTo } = clients.hsmConfig(params['hsm'] ?? '');
        // A lock that cannot be looked at does not keep a backup from being tried: the run waits for it, and tells what is wrong.
        const running = (await liveRuns(tools, 'backup', name))[0] ?? (await workerOn(tools, name).catch(unlessUnavailable));
        if (running !== undefined && parseRunId(running)?.kind !== 'backup') throw busy(running, name);
        if (running !== undefined) return accepted(running);

        const runId = requestedRunId('backup', name, now);
        await startOnce(durable, backupHsm, runId, { hsm: name, container: backupTo.container });
        return accepted(runId);
      },
    },
  },
});

export const hsmBackup = defineRoute({
  name: 'hsmBackup',
  route: 'hsms/{hsm}/backups/{folder}',
  duties: ['backup'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'One backup with its record',
      answers: {
        200: {
          description: 'The backup; `record` is null when nobody recorded it, or when it cannot be relied on',
          schema: schemas.backupDetail,
        },
      },
      async handle({ params }, { clients }) {
        const { name } = clients.hsmConfig(params['hsm'] ?? '');
        const folder = params['folder'] ?? '';
        const store = clients.backups(name);
        const found = parseFolder(folder) && (await findRecord(store, name, folder));
        if (found && 'damage' in found) return { jsonBody: { backup: viewOfDamaged(name, folder, found.damage), record: null } };
        if (found?.record.gone) throw prunedAlready(folder);
        if (found) return { jsonBody: { backup: viewOfRecord(found.record), record: found.record } };

        const known = await listBackups(store, name, clients.documents);
        if (!known.some((backup) => backup.folder === folder)) {
          throw new HttpProblem(404, {
            message: `There is no backup ${folder} of ${name}.`,
            hint: `GET /api/hsms/${name}/backups lists them.`,
          });
        }
        return { jsonBody: { backup: viewOfFolder(name, folder), record: null } };
      },
    },
  },
});
