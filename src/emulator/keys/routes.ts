import type { Handler, Route } from '../service.ts';
import { backupKey, restoreKeyBackup } from './backup.ts';
import { createKey, importKey, rotateKey } from './creation.ts';
import { deleteKey, getDeletedKey, listDeletedKeys, purgeKey, recoverKey } from './deletion.ts';
import { decrypt, encrypt, randomNumbers, sign, unwrapKey, verify, wrapKey } from './operations.ts';
import { getKey, listKeys, listKeyVersions, updateKey } from './versions.ts';

const CRYPTOGRAPHY: Readonly<Record<string, Handler>> = {
  encrypt,
  decrypt,
  sign,
  verify,
  wrapkey: wrapKey,
  unwrapkey: unwrapKey,
};

/** The keys of a managed HSM. A missing version, which clients send as an empty segment, means the newest. */
export const keyRoutes: readonly Route[] = [
  { method: 'POST', path: '/rng', handle: randomNumbers },
  { method: 'GET', path: '/keys', handle: listKeys },
  { method: 'POST', path: '/keys/restore', handle: restoreKeyBackup },
  { method: 'PUT', path: '/keys/:name', handle: importKey },
  { method: 'GET', path: '/keys/:name', handle: getKey },
  { method: 'PATCH', path: '/keys/:name', handle: updateKey },
  { method: 'DELETE', path: '/keys/:name', handle: deleteKey },
  { method: 'POST', path: '/keys/:name/create', handle: createKey },
  { method: 'POST', path: '/keys/:name/rotate', handle: rotateKey },
  { method: 'POST', path: '/keys/:name/backup', handle: backupKey },
  { method: 'GET', path: '/keys/:name/versions', handle: listKeyVersions },
  { method: 'GET', path: '/keys/:name/:version', handle: getKey },
  { method: 'PATCH', path: '/keys/:name/:version', handle: updateKey },
  ...Object.entries(CRYPTOGRAPHY).flatMap(([operation, handle]) => [
    { method: 'POST', path: `/keys/:name/${operation}`, handle },
    { method: 'POST', path: `/keys/:name/:version/${operation}`, handle },
  ]),
  { method: 'GET', path: '/deletedkeys', handle: listDeletedKeys },
  { method: 'GET', path: '/deletedkeys/:name', handle: getDeletedKey },
  { method: 'DELETE', path: '/deletedkeys/:name', handle: purgeKey },
  { method: 'POST', path: '/deletedkeys/:name/recover', handle: recoverKey },
];
