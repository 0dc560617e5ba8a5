import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

const parse = (file: object) => parseConfig(JSON.stringify(file));
const vault = { name: 'kv', url: 'https://kv.vault.azure.net/' };

test('a vault is only observed, and no target allowed, until somebody says so', () => {
  expect(parse({ vaults: [vault] }).vaults).toEqual([{ name: 'kv', url: 'https://kv.vault.azure.net', rotation: 'observe', targets: [] }]);
});

test('rotation is on only where values on their way have a place', () => {
  expect(() => parse({ vaults: [{ ...vault, rotation: 'on' }] })).toThrow('vaults[0].escrowVault: is missing');
  const defaults = { vault: { escrowVault: 'https://escrow.vault.azure.net/' } };
  expect(parse({ defaults, vaults: [{ ...vault, rotation: 'on' }] }).vaults[0]).toMatchObject({
    escrowVault: 'https://escrow.vault.azure.net',
  });
});

test('secrets are checked as often as somebody says, or never', () => {
  expect(parse({ vaults: [{ ...vault, checkDays: 0 }] }).vaults[0]).toMatchObject({ checkDays: 0 });
  expect(() => parse({ vaults: [{ ...vault, checkDays: -1 }] })).toThrow('vaults[0].checkDays');
});
