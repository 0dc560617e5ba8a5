import { describe, expect, test } from 'vitest';
import { CHECKED_BY_THE_COMPILER, haveArmSchemas, mistakesOf } from '../support/infra/arm-schemas.ts';
import { EXAMPLES, type Resource } from '../support/infra/compiled.ts';
import { ofType, resolved } from '../support/infra/resolved.ts';

describe.skipIf(!haveArmSchemas)(`the resources of infra/${haveArmSchemas ? '' : ' (no ../shared/arm-schemas beside the project)'}`, () => {
  test.each(EXAMPLES)('of the example %s are valid by the schemas of Azure', (example) => {
    const mistakes = resolved(example).flatMap((resource) =>
      (mistakesOf(resource) ?? []).map((mistake) => `${resource.type} ${resource.name.slice(0, 60)} ${mistake}`),
    );
    expect(mistakes).toEqual([]);
  });

  test('are all of types that a schema is there for, or that only the compiler checks', () => {
    const unchecked = EXAMPLES.flatMap(resolved)
      .filter((resource) => mistakesOf(resource) === undefined)
      .map(({ type }) => type);
    expect([...new Set(unchecked)].toSorted()).toEqual(CHECKED_BY_THE_COMPILER);
  });

  const account = (): Resource => ofType(resolved('default'), 'Microsoft.Storage/storageAccounts')[0] as Resource;
  test.each([
    ['a misspelt property', { properties: { ...account().properties, allowSharedKeyAcess: false } }, 'allowSharedKeyAcess'],
    ['a value that is not offered', { sku: { name: 'Standard_LSR' } }, 'allowed values'],
    ['a wrong type', { properties: { ...account().properties, supportsHttpsTrafficOnly: 'yes' } }, 'must be boolean'],
  ])('show %s', (_what, change, told) => {
    const mistakes = mistakesOf(JSON.parse(JSON.stringify({ ...account(), ...change })));
    expect(mistakes?.join('\n')).toContain(told);
  });

  test('show a missing property', () => {
    const { properties: _, ...vault } = ofType(resolved('default'), 'Microsoft.KeyVault/vaults')[0] as Resource;
    expect(mistakesOf(vault)?.join('\n')).toContain("required property 'properties'");
  });

  test('show a mistake in the settings of EasyAuth once', () => {
    const auth = ofType(resolved('default'), 'Microsoft.Web/sites/config')[0] as Resource;
    const mistakes = mistakesOf({ ...auth, properties: { ...auth.properties, globalValidaton: {} } });
    expect(mistakes).toEqual([expect.stringContaining('globalValidaton')]);
  });
});
