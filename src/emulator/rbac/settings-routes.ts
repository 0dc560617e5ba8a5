import type { DatabaseSync } from 'node:sqlite';
import { type Route, ServiceError } from '../service.ts';
import { readSetting, writeSetting } from '../state/settings.ts';
import { badParameter } from './role-input.ts';

/** The only setting ever seen. Its value is a string. */
const SETTING = 'AllowKeyManagementOperationsThroughARM';
const DEFAULT_VALUE = 'false';

/** Settings of the HSM, of which there is one. */
export const settingsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/settings',
    handle: ({ caller }, _params, { db, name: hsm, authorize }) => {
      authorize(caller, 'settings/read/action', '/');
      return { status: 200, body: { settings: [read(db, hsm)] } };
    },
  },
  {
    method: 'GET',
    path: '/settings/:setting',
    handle: ({ caller }, { setting = '' }, { db, name: hsm, authorize }) => {
      authorize(caller, 'settings/read/action', '/');
      mustExist(setting);
      return { status: 200, body: read(db, hsm) };
    },
  },
  {
    method: 'PATCH',
    path: '/settings/:setting',
    handle: ({ caller, body }, { setting = '' }, { db, name: hsm, authorize }) => {
      authorize(caller, 'settings/write/action', '/');
      if (body === undefined) throw new ServiceError(400, 'Nocontentprovided', 'No content provided');
      mustExist(setting);
      const { value } = (body ?? {}) as { value?: unknown };
      if (value !== 'true' && value !== 'false') throw badParameter('The value of this setting must be "true" or "false".');
      writeSetting(db, stored(hsm), value);
      return { status: 200, body: read(db, hsm) };
    },
  },
];

const stored = (hsm: string) => `hsm/${hsm}/${SETTING}`;

const read = (db: DatabaseSync, hsm: string) => ({
  name: SETTING,
  type: 'boolean',
  value: readSetting<string>(db, stored(hsm)) ?? DEFAULT_VALUE,
});

/** An unknown setting is a bad request, not a missing resource. */
function mustExist(setting: string): void {
  if (setting === SETTING) return;
  throw new ServiceError(400, 'InvalidSetting', 'Invalid setting name. Please check the spelling of the setting name to update.');
}
