import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../../../src/domain/rotation/duration.ts';
import {
  escrowName,
  escrowOwner,
  escrowTags,
  isEscrowName,
  openEscrow,
  parseEscrow,
  sealEscrow,
  sealIntent,
} from '../../../src/domain/rotation/escrow.ts';
import { Sensitive } from '../../../src/domain/rotation/sensitive.ts';
import { subjectOf } from '../../../src/domain/rotation/subject.ts';
import { configTagsOf, isAllowedTarget, parseManagement, tagMistakes, tagsForVersion } from '../../../src/domain/rotation/tags.ts';
import { parseRunId, plannedRunId } from '../../../src/domain/run-id.ts';

const managed = (tags: Record<string, string>) => {
  const parsed = parseManagement(tags);
  if (parsed.status !== 'managed') throw new Error('unmanaged');
  return parsed;
};

describe('parseManagement', () => {
  test('a secret without a provider, or with none on purpose, is not managed', () => {
    expect(parseManagement({ owner: 'team' }).status).toBe('unmanaged');
    expect(parseManagement({ 'rot-provider': 'none' }).status).toBe('unmanaged');
  });

  test('reads our tags', () => {
    const tags = { 'rot-provider': 'webhook', 'rot-target': ' https://x ', 'rot-notify': 'ops, team ,', 'rot-policy': 'every=90d' };
    expect(managed(tags)).toMatchObject({
      management: {
        provider: 'webhook',
        target: 'https://x',
        principal: '',
        admin: '',
        notify: ['ops', 'team'],
        policy: { everyMs: 90 * DAY_MS },
      },
      mistakes: [],
    });
  });

  test("reads the samples' tags where ours are absent", () => {
    const tags = { 'rot-provider': 'webhook', ProviderAddress: 'https://x', CredentialId: 'key1', ValidityPeriodDays: '90' };
    expect(managed(tags).management).toMatchObject({ target: 'https://x', principal: 'key1', policy: { everyMs: 90 * DAY_MS } });
    expect(managed({ ...tags, ValidityPeriodDays: 'long' }).management.policy.everyMs).toBe(60 * DAY_MS);
  });

  test('tells what is wrong', () => {
    expect(managed({ 'rot-provider': 'generated', 'rot-policy': 'every=x' }).mistakes).toHaveLength(1);
  });
});

describe('tags of a new version', () => {
  const marks = { rotationId: 'r2', base: 'v1', slot: 's', graceUntil: '2026-11-30T00:00:00.000Z' };

  test('carry every tag forward but the marks of the version before', () => {
    const before = {
      owner: 'team',
      'rot-provider': 'generated',
      'rot-id': 'r1',
      'rot-base': 'v0',
      'rot-slot': 'old',
      'rot-grace-until': 'x',
    };
    expect(tagsForVersion(before, marks)).toEqual({
      owner: 'team',
      'rot-provider': 'generated',
      'rot-id': 'r2',
      'rot-base': 'v1',
      'rot-slot': 's',
      'rot-grace-until': marks.graceUntil,
    });
    expect(tagsForVersion(before, { ...marks, graceUntil: null })).not.toHaveProperty('rot-grace-until');
  });

  test('are refused when the vault would refuse them', () => {
    const many = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, '']));
    expect(tagMistakes(many)).toEqual([expect.stringContaining('16 tags')]);
    expect(tagMistakes({ a: 'x'.repeat(257), b: '' })).toEqual([expect.stringContaining('tag a')]);
  });

  test('those of the configuration can be told from others', () => {
    expect(configTagsOf({ 'rot-provider': 'generated', 'rot-id': 'r', owner: 'team' })).toEqual({ 'rot-provider': 'generated' });
  });
});

describe('isAllowedTarget', () => {
  test.each([
    ['postgres://db.contoso.net', true],
    ['postgres://DB.contoso.net/app', true],
    ['postgres://db.contoso.net.evil.net', false],
    ['postgres://other.contoso.net', false],
  ])('%s', (target, allowed) => {
    expect(isAllowedTarget(target, ['postgres://db.contoso.net/'])).toBe(allowed);
  });
});

describe('an escrow entry', () => {
  const owner = escrowOwner('Contoso-KV', 'Db');
  const entry = { rotationId: 'r', base: 'v1', slot: 'a', attempt: 2, state: 'applied' } as const;
  const found = { name: 'db--pending', version: 'e1', createdAt: '2026-11-22T00:00:00.000Z', tags: escrowTags(owner, entry) };

  test('is named after its secret, and after its vault where vaults share', () => {
    expect(escrowName('contoso-kv', 'Db', false)).toBe('db--pending');
    expect(escrowName('contoso-kv', 'db', true)).toBe('contoso-kv--db--pending');
    const long = escrowName('contoso-kv', 'x'.repeat(127), true);
    expect(long).toMatch(/^p-[0-9a-f]{16}$/);
    expect(long).not.toBe(escrowName('contoso-kv', 'y'.repeat(127), true));
    expect(['db--pending', long, 'db', 'p-1'].map(isEscrowName)).toEqual([true, true, false, false]);
  });

  test('is read back from its tags', () => {
    expect(parseEscrow(owner, found)).toEqual({ ...entry, version: 'e1', createdAt: found.createdAt });
  });

  test('of a target that makes values itself remembers what was there before, for which target, and how often it worked', () => {
    const obtained = { ...entry, before: 'mark', target: '/applications/x', verified: 2 };
    const tags = escrowTags(owner, obtained);
    expect(parseEscrow(owner, { ...found, tags })).toEqual({ ...obtained, version: 'e1', createdAt: found.createdAt });
    expect(parseEscrow(owner, { ...found, tags: { ...tags, 'rot-verified': 'often' } })).toMatchObject({ verified: 0 });
  });

  test('remembers that others know what it replaces, and which entry is to be closed with it', () => {
    const leaked = { ...entry, mode: 'compromise', over: 'e0' } as const;
    const tags = escrowTags(owner, leaked);
    expect(parseEscrow(owner, { ...found, tags })).toEqual({ ...leaked, version: 'e1', createdAt: found.createdAt });
    expect(parseEscrow(owner, { ...found, tags: { ...tags, 'rot-mode': 'normal' } })).not.toHaveProperty('mode');
  });

  test('that is an intent has no value yet', () => {
    expect(openEscrow(sealIntent(), 'n')).toBeNull();
  });

  test('without the tags of our newer versions has the defaults', () => {
    const { 'rot-attempt': _attempt, 'rot-slot': _slot, ...tags } = found.tags;
    expect(parseEscrow(owner, { ...found, tags })).toMatchObject({ attempt: 1, slot: '' });
  });

  test.each([
    ['rot-for', 'contoso-kv/other'],
    ['rot-state', 'sideways'],
    ['rot-id', ''],
    ['rot-base', ''],
    ['rot-attempt', 'many'],
  ])('whose tag %s was changed is refused', (name, value) => {
    expect(() => parseEscrow(owner, { ...found, tags: { ...found.tags, [name]: value } })).toThrow('not readable as one of');
  });

  test('keeps value and verifier', () => {
    for (const verifier of ['SCRAM', undefined]) {
      const stored = sealEscrow({ value: new Sensitive('v'), ...(verifier && { verifier }) });
      const opened = openEscrow(stored, 'n');
      expect([opened?.value.use((text) => text), opened?.verifier]).toEqual(['v', verifier]);
    }
  });

  test('keeps the key of the audit trail beside the value', () => {
    const opened = (auditKey?: Sensitive) => openEscrow(sealEscrow({ value: new Sensitive('v'), ...(auditKey && { auditKey }) }), 'n');
    expect(opened(new Sensitive('k'))?.auditKey?.use((text) => text)).toBe('k');
    expect(opened()).not.toHaveProperty('auditKey');
    expect(openEscrow(new Sensitive('{"schema":"hsmkeep.escrow/1","value":"v","auditKey":""}'), 'n')).not.toHaveProperty('auditKey');
  });

  test.each([
    'canary',
    '{"schema":"other","value":"canary"}',
    '{"schema":"hsmkeep.escrow/1","value":""}',
    '{"schema":"hsmkeep.escrow/1","value":1}',
  ])('that holds something else is refused and not shown', (text) => {
    expect(() => openEscrow(new Sensitive(text), 'db--pending')).toThrow('db--pending does not hold');
    expect(() => openEscrow(new Sensitive(text), 'db--pending')).not.toThrow('canary');
  });
});

describe('the subject of a run', () => {
  test('names vault and secret, and fits into an id of 100 characters whatever their length', () => {
    expect(subjectOf('Contoso-KV', 'Db-Password')).toBe('contoso-kv.db-password');
    const [long, other] = [subjectOf('v'.repeat(24), 'x'.repeat(127)), subjectOf('v'.repeat(24), `${'x'.repeat(126)}y`)];
    expect(long).not.toBe(other);
    const id = plannedRunId('rotation', long, '2026-11-22T02:00:00.000Z');
    expect(id.length).toBeLessThanOrEqual(100);
    expect(parseRunId(id)?.subject).toBe(long);
  });
});
