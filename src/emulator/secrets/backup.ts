import { z } from 'zod';
import { parseBody } from '../objects/body.ts';
import { seal, unseal } from '../objects/sealed.ts';
import { bundle, secretId } from './bundle.ts';
import { malformedBackup, restoreConflict, secretNotFound } from './errors.ts';
import { secretHandler } from './session.ts';
import type { StoredVersion } from './store.ts';

/** The content of a sealed blob; its seal vouches for the shape. Versions are oldest first. */
type SecretBackup = Readonly<{ versions: readonly [StoredVersion, ...StoredVersion[]] }>;

const restoreBody = z.object({ value: z.string().min(1) });

/** `POST /secrets/{name}/backup`: all versions in one blob, disabled ones included. */
export const backupSecret = secretHandler(({ service, store, name }) => {
  if (store.secret(name)?.state !== 'live') throw secretNotFound(name);
  return { status: 200, body: { value: seal(service.db, 'secret', { versions: store.allVersions(name) }) } };
});

/** `POST /secrets/restore`: brings back every version with its identifier and times, unless the name is taken. */
export const restoreSecret = secretHandler(({ request, service, store }) => {
  const { value } = parseBody(restoreBody, request.body);
  const backup = unseal(service.db, 'secret', value) as SecretBackup | undefined;
  if (!backup) throw malformedBackup();

  const [{ name }] = backup.versions;
  if (store.secret(name)) throw restoreConflict(secretId(request.origin, name));

  store.ensureSecret(name);
  for (const version of backup.versions) store.addVersion(version);
  const newest = backup.versions.at(-1) as StoredVersion;
  return { status: 200, body: bundle(request, service, newest) };
});
