import type { TokenCredential } from '@azure/core-auth';
import { operationOptionsToRequestParameters } from '@azure-rest/core-client';
import { type Connection, connect } from './connection.ts';
import { segment } from './paths.ts';
import { bodyOf } from './responses.ts';
import type {
  GetSettingOptions,
  KeyVaultSetting,
  ListSettingsOptions,
  ListSettingsResponse,
  SettingsClientOptions,
  UpdateSettingOptions,
} from './settings-models.ts';

type WireSetting = Readonly<{ name: string; value: string; type?: string }>;

/**
 * Reads and changes the account settings of a Managed HSM.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/settings
 */
export class KeyVaultSettingsClient {
  /** The HSM's address, as given. */
  readonly vaultUrl: string;
  readonly #connection: Connection;

  /** @param vaultUrl `https://<hsm>.managedhsm.azure.net` */
  constructor(vaultUrl: string, credential: TokenCredential, options: SettingsClientOptions = {}) {
    this.vaultUrl = vaultUrl;
    this.#connection = connect(vaultUrl, credential, options);
  }

  /** @throws {RestError} 400 `InvalidSetting` for an unknown name */
  async getSetting(settingName: string, options: GetSettingOptions = {}): Promise<KeyVaultSetting> {
    const response = await this.#setting(settingName).get(operationOptionsToRequestParameters(options));
    return toSetting(bodyOf(response, '200'));
  }

  async getSettings(options: ListSettingsOptions = {}): Promise<ListSettingsResponse> {
    const response = await this.#connection.repeatable.pathUnchecked('/settings').get(operationOptionsToRequestParameters(options));
    const { settings = [] } = bodyOf<{ settings?: WireSetting[] }>(response, '200');
    return { settings: settings.map(toSetting) };
  }

  /**
   * Sets `setting.name` to `setting.value`; the value travels as text. Idempotent.
   *
   * @throws {RestError} 400 `InvalidSetting` for an unknown name
   */
  async updateSetting(setting: KeyVaultSetting, options: UpdateSettingOptions = {}): Promise<KeyVaultSetting> {
    const response = await this.#setting(setting.name).patch({
      ...operationOptionsToRequestParameters(options),
      contentType: 'application/json',
      body: { value: String(setting.value) },
    });
    return toSetting(bodyOf(response, '200'));
  }

  #setting(name: string) {
    return this.#connection.repeatable.pathUnchecked(`/settings/${segment(name, 'setting name')}`);
  }
}

function toSetting({ name, value, type }: WireSetting): KeyVaultSetting {
  if (type === 'boolean') return { kind: type, name, value: value === 'true' };
  return { ...(type !== undefined && { kind: type }), name, value };
}
