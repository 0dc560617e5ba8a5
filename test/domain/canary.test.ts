import { describe, expect, test } from 'vitest';
import { type CanaryDocument, canaryOf, canaryPath, holdsCanary } from '../../src/domain/canary.ts';

const canary: CanaryDocument = {
  schema: 'hsmkeep.canary/1',
  hsm: 'contoso-hsm',
  madeAt: '2026-11-22T10:00:00.000Z',
  key: 'hsmkeep-canary',
  version: '0'.repeat(32),
  ciphertext: 'c',
  plaintextSha256: 'p',
  digest: 'd',
  signature: 's',
};
const key = (name: string, ...versions: string[]) => ({
  name,
  tags: {},
  versions: versions.map((version) => ({ version, enabled: true, createdAt: null, updatedAt: null })),
});

describe('holdsCanary', () => {
  test('looks for the very version, whatever the case of the name', () => {
    expect(holdsCanary([key('other', canary.version), key('HSMkeep-Canary', '1'.repeat(32), canary.version)], canary)).toBe(true);
    expect(holdsCanary([key('hsmkeep-canary', '1'.repeat(32))], canary)).toBe(false);
    expect(holdsCanary([], canary)).toBe(false);
  });

  test('cannot tell by an inventory that has no keys', () => {
    expect(holdsCanary('unreadable', canary)).toBeUndefined();
  });
});

test('a record keeps the canary without what only its document says', () => {
  const { schema: _schema, hsm: _hsm, madeAt: _madeAt, ...rest } = canary;
  expect(canaryOf(canary)).toEqual(rest);
  expect(canaryPath('contoso-hsm')).toBe('hsmkeep/contoso-hsm/canary.json');
});
