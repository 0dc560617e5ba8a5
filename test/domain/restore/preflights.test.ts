import { describe, expect, test } from 'vitest';
import type { BackupRecord } from '../../../src/domain/record.ts';
import { UNREADABLE_CONTENT } from '../../../src/domain/restore/content.ts';
import { type PreflightFacts, runPreflights } from '../../../src/domain/restore/preflights.ts';
import type { BackupView } from '../../../src/domain/views.ts';
import { assignment, content, key } from './builders.ts';

const backup: BackupView = {
  folder: 'mhsm-contoso-2026112202000000',
  hsm: 'contoso',
  takenAt: '2026-11-22T02:00:00.000Z',
  proof: 'L1',
  status: 'complete',
  blobs: 4,
  sizeBytes: 100,
  keys: 1,
  adopted: false,
  run: 'r',
};
const facts = (changes: Partial<PreflightFacts> = {}): PreflightFacts => ({
  now: '2026-11-22T10:00:00.000Z',
  scope: 'full',
  source: { name: 'contoso', securityDomain: 'emea', countsFrom: 'L1' },
  target: { name: 'contoso', securityDomain: 'emea' },
  backup,
  record: { manifest: { sha256: 'x', blobs: 4, sizeBytes: 100 } } as BackupRecord,
  backups: [backup],
  stored: { blobs: 4, sizeBytes: 100 },
  lock: undefined,
  live: content(),
  content: content({ keys: [key('payments', '1')], roleAssignments: [assignment('me')] }),
  deletedKey: undefined,
  principalId: 'me',
  from: 'backups',
  auth: 'managedIdentity',
  ...changes,
});
const check = (name: string, changes: Partial<PreflightFacts> = {}) => runPreflights(facts(changes)).find((one) => one.name === name);

test('finds nothing wrong with last night and its own HSM', () => {
  expect(runPreflights(facts()).map(({ status }) => status)).toEqual(Array(7).fill('ok'));
});

describe('a backup whose record cannot be relied on', () => {
  const problem = { message: 'its record was changed', hint: 'Restore an earlier version.' };
  const damaged: BackupView = {
    ...backup,
    folder: 'mhsm-contoso-2026112302000000',
    takenAt: '2026-11-23T02:00:00.000Z',
    status: 'damaged',
    problem,
  };

  test('is not restored, and the newest good one is named', () => {
    expect(check('proof', { backup: damaged, record: undefined, backups: [damaged, backup] })).toEqual({
      name: 'proof',
      status: 'failed',
      message: problem.message,
      hint: `The newest good backup, by its record, is ${backup.folder} (L1). To restore from this one all the same: ${problem.hint}`,
    });
    expect(check('proof', { backup: damaged, record: undefined, backups: [damaged] })?.hint).toContain(
      'No other backup of contoso is proven to L1.',
    );
  });

  test('is named when an older one is taken instead', () => {
    expect(check('newer backups', { backups: [damaged, backup] })).toMatchObject({
      status: 'warning',
      message: expect.stringContaining(damaged.folder),
      hint: `See why: hsmkeep backup show ${damaged.folder}`,
    });
    expect(check('newer backups', { backups: [backup, { ...damaged, takenAt: '2026-11-21T02:00:00.000Z' }] })).toBeUndefined();
  });
});

describe('immutable copy', () => {
  const ofCopy = (changes: Partial<PreflightFacts> = {}) => check('immutable copy', { from: 'immutableCopy', ...changes });

  test('is looked at only when it is asked for, and has to be whole', () => {
    expect(check('immutable copy')).toBeUndefined();
    expect(ofCopy()).toMatchObject({ status: 'ok' });
    expect(ofCopy({ backup: { ...backup, status: 'unrecorded' } })).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('not whole'),
    });
  });

  test('is read from another container, which the SAS token of one container does not open', () => {
    expect(ofCopy({ auth: 'sas' })).toMatchObject({ status: 'warning', hint: expect.stringContaining('for the account') });
  });
});

describe('security domain', () => {
  const into = (securityDomain: string | null) => check('security domain', { target: { name: 'spare', securityDomain } });

  test('of another HSM has to be the same', () => {
    expect(into('emea')?.status).toBe('ok');
    expect(into('apac')).toMatchObject({ status: 'failed', hint: expect.stringContaining('az keyvault security-domain') });
  });

  test('that is not known is for the HSM to tell', () => {
    expect(into(null)?.status).toBe('warning');
    expect(
      check('security domain', { source: { ...facts().source, securityDomain: null }, target: { name: 'spare', securityDomain: 'a' } }),
    ).toMatchObject({
      status: 'warning',
    });
  });
});

describe('proof', () => {
  test.each([
    ['failed', 'L1', 'failed'],
    ['unrecorded', 'L0', 'warning'],
    ['complete', 'L0', 'warning'],
    ['complete', 'L2', 'ok'],
  ] as const)('of a backup that is %s at %s: %s', (status, proof, expected) => {
    expect(check('proof', { backup: { ...backup, status, proof } })?.status).toBe(expected);
  });
});

test('a backup that retention has begun to delete is none any more', () => {
  const record = { manifest: null, gone: { at: '2026-11-22T03:00:00.000Z', run: 'r' } } as unknown as BackupRecord;
  expect(check('proof', { record })).toMatchObject({ status: 'failed', message: expect.stringContaining('being deleted') });
});

describe('storage', () => {
  test.each([
    ['nothing', { blobs: 0, sizeBytes: 0 }],
    ['a blob less', { blobs: 3, sizeBytes: 100 }],
    ['a byte more', { blobs: 4, sizeBytes: 101 }],
  ])('that holds %s is no backup', (_what, stored) => {
    expect(check('storage', { stored })?.status).toBe('failed');
  });

  test('of a backup without a manifest is believed', () => {
    expect(check('storage', { record: undefined, stored: { blobs: 1, sizeBytes: 1 } })?.status).toBe('ok');
  });
});

test('a backup that is younger than 30 minutes, or failed, is a warning', () => {
  const young = { ...backup, takenAt: '2026-11-22T09:31:00.000Z' };
  expect(check('30 minutes', { backups: [young] })?.status).toBe('warning');
  expect(check('30 minutes', { backups: [young, { ...backup, status: 'failed' }] })?.status).toBe('warning');
  expect(check('30 minutes', { backups: [young, backup] })?.status).toBe('ok');
});

test('a lock names who holds it', () => {
  expect(check('lock', { lock: { owner: 'backup-1', step: 'backup' } })?.message).toContain('backup-1 works on contoso now (backup)');
  expect(check('lock', { lock: 'unreadable' })).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('could not be looked at'),
  });
  expect(check('lock', { lock: { owner: 'backup-1', step: '' } })?.message).toContain('backup-1 works on contoso now.');
});

describe('inventory', () => {
  const unread = content({ keys: 'unreadable' });

  test('that cannot be read asks for the right, by the exact command', () => {
    expect(check('inventory', { live: unread })).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining(
        'az keyvault role assignment create --hsm-name contoso --role "Managed HSM Crypto Auditor" --scope / --assignee-object-id me',
      ),
    });
    expect(check('inventory', { live: unread, principalId: null })?.hint).toContain('<object id');
  });

  test('that the backup lacks leaves open what is destroyed', () => {
    expect(check('inventory', { content: UNREADABLE_CONTENT })).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('not known'),
    });
  });
});

describe('rights afterwards', () => {
  test('that the backup does not hold are lost, and the command that gives them back is named', () => {
    expect(check('rights afterwards', { principalId: 'other' })).toMatchObject({
      status: 'warning',
      hint: expect.stringContaining('"Managed HSM Restore User" --scope / --assignee-object-id other'),
    });
  });

  test('are not known without an inventory or without knowing who we are', () => {
    expect(check('rights afterwards', { content: UNREADABLE_CONTENT })?.message).toContain('not known');
    expect(check('rights afterwards', { principalId: null })?.message).toContain('not known');
  });
});

describe('key', () => {
  const ofKey = (changes: Partial<PreflightFacts> = {}) => check('key', { scope: { key: 'payments' }, ...changes });

  test('that is gone from the target and in the backup can be restored', () => {
    expect(ofKey()?.status).toBe('ok');
    expect(ofKey({ content: UNREADABLE_CONTENT })?.status).toBe('ok');
  });

  test('that the backup lacks cannot', () => {
    expect(ofKey({ scope: { key: 'other' } })).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('does not hold key other'),
    });
  });

  test('that is there has to be deleted and purged first', () => {
    expect(ofKey({ live: content({ keys: [key('payments', '1')] }) })).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining('az keyvault key delete --hsm-name contoso --name payments, then az keyvault key purge'),
    });
  });

  test('that is deleted is better recovered', () => {
    expect(ofKey({ deletedKey: { purgeable: true, purgeAt: null } })).toMatchObject({
      status: 'failed',
      hint: expect.stringMatching(/^Recover it: az keyvault key recover .* purge it first: az keyvault key purge/),
    });
  });

  test('that purge protection keeps has to be waited for', () => {
    expect(ofKey({ deletedKey: { purgeable: false, purgeAt: '2027-01-01T00:00:00Z' } })?.hint).toContain('wait until it is purged at 2027');
    expect(ofKey({ deletedKey: { purgeable: false, purgeAt: null } })?.hint).toContain('wait until it is purged (purge protection is on)');
  });

  test('that cannot be looked for is a warning', () => {
    expect(ofKey({ live: UNREADABLE_CONTENT })?.status).toBe('warning');
  });
});
