import { expect, test } from 'vitest';
import { besideCopies, copyDamaged, landingContainer, landingKept, landingLeft } from '../../../src/domain/restore/landing.ts';
import { hashedText } from '../../../src/domain/restore/plan.ts';
import { plan } from './builders.ts';

const ID = 'restore-contoso-20261122T100000000Z';

test('a landing container lies beside that of the backups, named by the restore', () => {
  expect(landingContainer('https://s.blob.core.windows.net/hsm', ID)).toBe('https://s.blob.core.windows.net/hsm-landing-20261122100000000');
});

test('a landing container has a name that storage takes, however long that of the backups is', () => {
  const name = landingContainer(`https://s/${'a'.repeat(36)}-${'b'.repeat(26)}`, ID).slice('https://s/'.length);
  expect(name).toMatch(/^a{36}-landing-20261122100000000$/);
  expect(landingContainer(`https://s/${'a'.repeat(63)}`, ID).slice('https://s/'.length)).toHaveLength(63);
});

test('what stands in for the container of the backups lies beside the copies', () => {
  expect(besideCopies('https://worm.blob.core.windows.net/hsm')).toBe('https://worm.blob.core.windows.net/hsm-break-glass');
});

test('what is told of it says how to remove it', () => {
  const landing = 'https://s/hsm-landing-20261122100000000';
  expect(landingKept(landing).hint).toContain('--name hsm-landing-20261122100000000');
  expect(landingLeft(landing).hint).toContain('--name hsm-landing-20261122100000000');
  expect(copyDamaged('f', 'blob a is missing').message).toBe(
    'The immutable copy of f is damaged: blob a is missing. Nothing was restored.',
  );
});

test('whoever approves a plan approves where the backup is read', () => {
  expect(hashedText(plan({ from: 'immutableCopy' }))).not.toBe(hashedText(plan()));
  expect(hashedText(plan({ from: 'backups' }))).toBe(hashedText(plan()));
});
