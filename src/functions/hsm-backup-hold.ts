import * as z from 'zod';
import { withHold, withoutPersonalHolds } from '../domain/holds.ts';
import { defineRoute } from './define-route.ts';
import { changeRecord } from './hsm-backup-record.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';

const body = z.strictObject({
  until: z.iso.datetime({ offset: true, error: 'must be a time with an offset, such as 2027-01-01T00:00:00Z' }),
  reason: z.string().trim().min(1, 'must say why').max(500),
});

export const hsmBackupHold = defineRoute({
  name: 'hsmBackupHold',
  route: 'hsms/{hsm}/backups/{folder}/hold',
  duties: ['backup'],
  methods: {
    PUT: {
      role: 'operator',
      summary: 'Keeps retention from a backup until a time; replaces an earlier hold of the same person',
      body,
      answers: { 200: { description: 'The backup', schema: schemas.backupDetail } },
      async handle({ params, body: input }, { clients, caller, now }) {
        const { until, reason } = input as z.output<typeof body>;
        if (Date.parse(until) <= Date.parse(now)) {
          throw new HttpProblem(400, { message: `${until} is over already.`, hint: 'Hold a backup until a time in the future.' });
        }
        const hold = { by: caller?.name || (caller?.oid ?? ''), until: new Date(until).toISOString(), reason };
        return changeRecord(clients, params, (record) => withHold(record, hold));
      },
    },
    DELETE: {
      role: 'operator',
      summary: 'Takes away every hold that a person has put on a backup; those of restores stay',
      answers: { 200: { description: 'The backup', schema: schemas.backupDetail } },
      handle: ({ params }, { clients }) => changeRecord(clients, params, withoutPersonalHolds),
    },
  },
});
