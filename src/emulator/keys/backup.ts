import { z } from 'zod';
import { parseBody } from '../objects/body.ts';
import { seal, unseal } from '../objects/sealed.ts';
import { bundle, keyId } from './bundle.ts';
import { keyRestoreConflict, malformedKeyBackup } from './errors.ts';
import type { KeyRecord, KeyVersion } from './record.ts';
import { keyHandler, liveVersion } from './session.ts';
import { addUnlessTaken } from './store.ts';

const restoreBody = z.object({ value: z.string().min(1) });

/** `POST /keys/{name}/backup`: all versions in one blob. */
export const backupKey = keyHandler('keys/backup/action', (call) => {
  const { name } = liveVersion(call);
  const record: KeyRecord = { name, versions: call.store.allVersions(name) };
  return { status: 200, body: { value: seal(call.service.db, 'key', record) } };
});

/** `POST /keys/restore`: brings back every version with its identifier and times, unless the name is taken. */
export const restoreKeyBackup = keyHandler('keys/restore/action', ({ request, service, store }) => {
  const { value } = parseBody(restoreBody, request.body);
  const record = unseal(service.db, 'key', value) as KeyRecord | undefined;
  if (!record) throw malformedKeyBackup();

  if (!store.atomically(() => addUnlessTaken(store, record))) throw keyRestoreConflict(keyId(request.origin, record.name));
  const newest = record.versions.at(-1) as KeyVersion;
  return { status: 200, body: bundle(request, service, record.name, newest) };
});
