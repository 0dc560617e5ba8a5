import { expect, onTestFinished, test } from 'vitest';
import { isBooleanSetting, KeyVaultSettingsClient } from '../../../src/clients/keyvault-admin/index.ts';
import { countingCredential, LOCAL_OPTIONS, type ScriptedAnswer, startScriptedHsm } from './scripted-hsm.ts';

async function clientFor(answer: ScriptedAnswer) {
  const hsm = await startScriptedHsm(() => answer);
  onTestFinished(() => hsm.stop());
  return { hsm, client: new KeyVaultSettingsClient(hsm.url, countingCredential(), LOCAL_OPTIONS) };
}

test.each([
  ['true', true],
  ['false', false],
  ['TRUE', false],
  ['', false],
])('a boolean setting of %j is %s', async (value, parsed) => {
  const { client } = await clientFor({ body: { name: 'AllowKeyManagementOperationsThroughARM', type: 'boolean', value } });
  const setting = await client.getSetting('AllowKeyManagementOperationsThroughARM');
  expect(setting.value).toBe(parsed);
  expect(isBooleanSetting(setting)).toBe(true);
});

test('a setting of another type keeps its text', async () => {
  const { client } = await clientFor({
    body: {
      settings: [
        { name: 'Future', type: 'number', value: '7' },
        { name: 'Bare', value: 'x' },
      ],
    },
  });
  const { settings } = await client.getSettings();
  expect(settings).toEqual([
    { name: 'Future', kind: 'number', value: '7' },
    { name: 'Bare', value: 'x' },
  ]);
  expect(settings.some(isBooleanSetting)).toBe(false);
});

test('a value travels as text', async () => {
  const { client, hsm } = await clientFor({ body: { name: 'a', type: 'boolean', value: 'false' } });
  expect(await client.updateSetting({ name: 'a b', value: false })).toEqual({ name: 'a', kind: 'boolean', value: false });
  expect(hsm.authorized()).toMatchObject([{ method: 'PATCH', path: '/settings/a%20b', body: { value: 'false' } }]);
});

test('an unknown name is an error with the code of the service', async () => {
  const { client } = await clientFor({ status: 400, body: { error: { code: 'InvalidSetting', message: 'Invalid setting name.' } } });
  await expect(client.getSetting('Nonsense')).rejects.toMatchObject({ statusCode: 400, code: 'InvalidSetting' });
  await expect(client.getSetting('')).rejects.toThrow('setting name');
});
