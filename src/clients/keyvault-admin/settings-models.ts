import type { OperationOptions } from '@azure-rest/core-client';
import type { AdminClientOptions } from './client-options.ts';

/** Options of {@link KeyVaultSettingsClient}. */
export interface SettingsClientOptions extends AdminClientOptions {}

/** An account setting. */
export interface KeyVaultSetting {
  /** The type of the value as the service names it: `boolean`. */
  kind?: string;
  name: string;
  /** A boolean when `kind` is `boolean`, otherwise the service's text. */
  value: unknown;
}

/** A setting that is on or off. */
export interface BooleanKeyVaultSetting extends KeyVaultSetting {
  kind: 'boolean';
  value: boolean;
}

/** All settings of an account. */
export interface ListSettingsResponse {
  settings: KeyVaultSetting[];
}

/** Options of `getSetting`. */
export interface GetSettingOptions extends OperationOptions {}
/** Options of `getSettings`. */
export interface ListSettingsOptions extends OperationOptions {}
/** Options of `updateSetting`. */
export interface UpdateSettingOptions extends OperationOptions {}

/** Whether a setting is on or off, so that its value is a boolean. */
export function isBooleanSetting(setting: KeyVaultSetting): setting is BooleanKeyVaultSetting {
  return setting.kind === 'boolean' && typeof setting.value === 'boolean';
}
