import { describe, expect, test } from 'vitest';
import { narrowTo, UNREADABLE_CONTENT } from '../../../src/domain/restore/content.ts';
import {
  addedDestruction,
  countDestroyed,
  destroyedBy,
  diffContent,
  roleName,
  touched,
  withoutUncertain,
} from '../../../src/domain/restore/diff.ts';
import { assignment, content, key, role } from './builders.ts';

describe('diffContent', () => {
  test('names every version of a key that vanishes, comes back or changes', () => {
    const live = content({ keys: [key('new', '1', '2'), key('same', '1'), { ...key('tagged', '1'), tags: { team: 'a' } }] });
    const backup = content({ keys: [key('gone', '1'), key('same', '1'), key('tagged', '1')] });
    expect(diffContent(live, backup).keys).toEqual({ vanish: ['new/1', 'new/2'], comeBack: ['gone/1'], change: ['tagged/1'] });
  });

  test('knows a role assignment by role, principal and scope, whatever its id', () => {
    const live = content({ roleAssignments: [{ ...assignment('p1'), name: 'made-anew' }, assignment('p2', 'r1', '/keys')] });
    const backup = content({ roleAssignments: [assignment('p1'), assignment('p3', 'unknown-role')] });
    expect(diffContent(live, backup).roleAssignments).toEqual({
      vanish: ['Managed HSM Crypto User for p2 at /keys'],
      comeBack: ['unknown-role for p3 at /'],
      change: [],
    });
  });

  test('leaves built-in roles alone, and compares what a custom one permits', () => {
    const live = content({ roleDefinitions: [role('b', 'Built-in of this year'), role('c', 'Night', true)] });
    const backup = content({ roleDefinitions: [{ ...role('c', 'Night', true), permissions: [{ dataActions: ['x'] }] }] });
    expect(diffContent(live, backup).roleDefinitions).toEqual({ vanish: [], comeBack: [], change: ['Night'] });
  });

  test('compares deleted keys by name and settings by value', () => {
    const live = content({ deletedKeys: [{ name: 'binned' }], settings: [{ name: 's', value: 'true' }] });
    const backup = content({ settings: [{ name: 's', value: 'false' }] });
    expect(diffContent(live, backup)).toMatchObject({ deletedKeys: { vanish: ['binned'] }, settings: { change: ['s'] } });
  });

  test('says of a part that cannot be read on one side that it is not known', () => {
    expect(diffContent(content(), UNREADABLE_CONTENT).keys).toBe('unreadable');
    expect(diffContent(content({ keys: 'unreadable' }), content()).keys).toBe('unreadable');
  });
});

describe('destroyedBy', () => {
  test('lists what vanishes and what changes, not what comes back', () => {
    const live = content({ keys: [key('new', '1'), { ...key('tagged', '1'), tags: { a: 'b' } }], settings: 'unreadable' });
    const backup = content({ keys: [key('tagged', '1'), key('gone', '1')] });
    const diff = diffContent(live, backup);
    expect(destroyedBy(diff)).toEqual(['keys/new/1', 'keys/tagged/1 (changes)', 'settings: unreadable']);
    expect(countDestroyed(diff)).toBe(2);
  });
});

describe('addedDestruction', () => {
  test('is what was not approved, and nothing when there is less', () => {
    expect(addedDestruction(['keys/a/1', 'keys/b/1'], ['keys/a/1'])).toEqual([]);
    expect(addedDestruction(['keys/a/1'], ['keys/a/1', 'keys/a/2'])).toEqual(['keys/a/2']);
  });

  test('finds nothing in a part that was approved unseen', () => {
    expect(addedDestruction(['keys: unreadable'], ['keys/a/1', 'settings/s'])).toEqual(['settings/s']);
  });

  test('is a part that could be read when the plan was made and cannot now', () => {
    expect(addedDestruction(['keys/a/1'], ['keys: unreadable'])).toEqual(['keys: unreadable']);
  });
});

describe('withoutUncertain', () => {
  const diff = diffContent(content({ keys: [key('a', '1'), key('b', '1')] }), content());

  test('leaves out versions of keys that changed while the backup was taken', () => {
    expect(withoutUncertain(diff, ['keys/a', 'roleAssignments/x']).keys).toEqual({ vanish: ['b/1'], comeBack: [], change: [] });
  });

  test('is the same diff when nothing is uncertain or keys cannot be read', () => {
    expect(withoutUncertain(diff, [])).toBe(diff);
    const unread = diffContent(UNREADABLE_CONTENT, content());
    expect(withoutUncertain(unread, ['keys/a'])).toBe(unread);
  });
});

test('touched counts every item, and none of a part that cannot be read', () => {
  expect(touched({ vanish: ['a'], comeBack: ['b'], change: ['c'] })).toBe(3);
  expect(touched('unreadable')).toBe(0);
});

test('roleName is the last segment of the id where no name is known', () => {
  expect(roleName('a/b/r9', new Map())).toBe('r9');
});

describe('narrowTo', () => {
  test('keeps all of it for a full restore', () => {
    const all = content({ keys: [key('a', '1')] });
    expect(narrowTo(all, 'full')).toBe(all);
  });

  test('keeps one key, whatever the case of its name, and no roles', () => {
    const all = content({ keys: [key('Payments', '1'), key('other', '1')], deletedKeys: 'unreadable', roleAssignments: [assignment('p')] });
    expect(narrowTo(all, { key: 'payments' })).toEqual({
      keys: [key('Payments', '1')],
      deletedKeys: 'unreadable',
      roleDefinitions: [],
      roleAssignments: [],
      settings: [],
    });
  });
});
