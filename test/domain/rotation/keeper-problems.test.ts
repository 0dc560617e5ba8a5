import { expect, test } from 'vitest';
import { keeperRefused } from '../../../src/domain/rotation/keeper-problems.ts';

test.each([
  ['missing', 'SecretNotFound', '', 'has no such secret', 'secret recover kv/db'],
  ['conflict', 'Conflict', 'Secret db is currently being deleted.', 'is just being deleted', 'Wait a minute'],
  ['conflict', 'Conflict', 'Secret db is in a deleted but recoverable state.', 'still holds the name', 'secret purge kv/db'],
  ['forbidden', 'Forbidden', 'no', 'does not let you', 'purge protection'],
  ['invalid', 'BadParameter', 'too long', 'would not do that with db (BadParameter: too long)', 'nothing was changed'],
])('%s (%s: %s) is explained', (kind, code, detail, message, hint) => {
  const problem = keeperRefused('kv', 'db', { kind, code, detail });
  expect(problem.message).toContain(message);
  expect(problem.hint).toContain(hint);
});
