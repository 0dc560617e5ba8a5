import { withoutMarks } from '../domain/holds.ts';
import { defineRoute } from './define-route.ts';
import { changeRecord } from './hsm-backup-record.ts';
import * as schemas from './schemas.ts';

export const hsmBackupUndo = defineRoute({
  name: 'hsmBackupUndo',
  route: 'hsms/{hsm}/backups/{folder}/undo',
  duties: ['backup'],
  methods: {
    POST: {
      role: 'operator',
      summary: 'Takes the mark for deletion off a backup; while the policy forgets it, the next night marks it anew',
      answers: { 200: { description: 'The backup', schema: schemas.backupDetail } },
      handle: ({ params }, { clients }) => changeRecord(clients, params, withoutMarks),
    },
  },
});
