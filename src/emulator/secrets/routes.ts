import type { Route } from '../service.ts';
import { backupSecret, restoreSecret } from './backup.ts';
import { deleteSecret, getDeletedSecret, listDeletedSecrets, purgeSecret, recoverSecret } from './deletion.ts';
import { getSecret, listSecrets, listSecretVersions, setSecret, setWithoutName, updateSecret } from './versions.ts';

/** The secrets of a vault. A trailing slash, which clients send for "the newest version", is folded before routing. */
export const secretRoutes: readonly Route[] = [
  { method: 'GET', path: '/secrets', handle: listSecrets },
  { method: 'PUT', path: '/secrets', handle: setWithoutName },
  { method: 'POST', path: '/secrets/restore', handle: restoreSecret },
  { method: 'PUT', path: '/secrets/:name', handle: setSecret },
  { method: 'GET', path: '/secrets/:name', handle: getSecret },
  { method: 'PATCH', path: '/secrets/:name', handle: updateSecret },
  { method: 'DELETE', path: '/secrets/:name', handle: deleteSecret },
  { method: 'POST', path: '/secrets/:name/backup', handle: backupSecret },
  { method: 'GET', path: '/secrets/:name/versions', handle: listSecretVersions },
  { method: 'GET', path: '/secrets/:name/:version', handle: getSecret },
  { method: 'PATCH', path: '/secrets/:name/:version', handle: updateSecret },
  { method: 'GET', path: '/deletedsecrets', handle: listDeletedSecrets },
  { method: 'GET', path: '/deletedsecrets/:name', handle: getDeletedSecret },
  { method: 'DELETE', path: '/deletedsecrets/:name', handle: purgeSecret },
  { method: 'POST', path: '/deletedsecrets/:name/recover', handle: recoverSecret },
];
