import { describe, expect, test } from 'vitest';
import { acceptedAudiences, challengeResource } from '../../src/emulator/http/challenge.ts';

describe('challengeResource', () => {
  test.each([
    ['127.0.0.1:8443', 'https://managedhsm.azure.net'],
    ['[::1]:8443', 'https://managedhsm.azure.net'],
    ['localhost:8443', 'https://managedhsm.azure.net'],
    ['contoso.managedhsm.azure.net', 'https://managedhsm.azure.net'],
    ['contoso.managedhsm.azure.net:8443', 'https://managedhsm.azure.net'],
    ['contoso.managedhsm.localhost:8443', 'https://managedhsm.localhost:8443'],
    ['contoso.hsm.example', 'https://hsm.example'],
  ])('of an HSM reached as %s is %s', (host, resource) => {
    expect(challengeResource('hsm', host)).toBe(resource);
  });

  test('of a vault is the parent of its name, with the port, which Python compares', () => {
    expect(challengeResource('vault', 'kv.vault.localhost:8443')).toBe('https://vault.localhost:8443');
    expect(challengeResource('vault', '127.0.0.1:8443')).toBe('https://vault.azure.net');
  });
});

describe('acceptedAudiences', () => {
  test('are the challenged resource and that of Azure', () => {
    expect(acceptedAudiences('vault', 'kv.vault.localhost:1')).toEqual(['https://vault.localhost:1', 'https://vault.azure.net']);
    expect(acceptedAudiences('hsm', '127.0.0.1:1')).toEqual(['https://managedhsm.azure.net']);
  });
});
