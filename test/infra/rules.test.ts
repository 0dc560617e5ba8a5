import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXAMPLES, type Resource, ROOT, read, sourceFiles, TEMPLATES } from '../support/infra/compiled.ts';
import { resolved } from '../support/infra/resolved.ts';
import {
  neglectedParameters,
  openToKeys,
  referencesOf,
  secretsHandedOut,
  type Template,
  unknownRoles,
  unlistedApiVersions,
} from '../support/infra/rules.ts';

const template = (path: string): Template => JSON.parse(read(`${path}.json`));
const resources = EXAMPLES.flatMap(resolved);
const spoilt = (type: string, change: object): Resource[] =>
  resources.filter((resource) => resource.type === type).map((resource) => ({ ...resource, ...change }));

describe('API versions', () => {
  test('are those that were chosen', () => expect(unlistedApiVersions(resources)).toEqual([]));
  test('of another kind are found', () => {
    expect(unlistedApiVersions(spoilt('Microsoft.KeyVault/vaults', { apiVersion: '2023-07-01' }))).toContain(
      'Microsoft.KeyVault/vaults@2023-07-01',
    );
    expect(unlistedApiVersions(spoilt('Microsoft.Web/sites', { type: 'Microsoft.Sql/servers' }))).toContain(
      'Microsoft.Sql/servers@2024-11-01',
    );
  });
});

describe('keys', () => {
  test('open nothing', () => expect(openToKeys(resources)).toEqual([]));
  test.each([
    ['Microsoft.Storage/storageAccounts', { properties: { allowBlobPublicAccess: false } }],
    ['Microsoft.Storage/storageAccounts', { properties: { allowSharedKeyAccess: false, allowBlobPublicAccess: true } }],
    ['Microsoft.Insights/components', { properties: { DisableLocalAuth: false } }],
    ['Microsoft.OperationalInsights/workspaces', { properties: { features: {} } }],
    ['Microsoft.KeyVault/vaults', { properties: { enableRbacAuthorization: true, accessPolicies: [] } }],
    ['Microsoft.Web/sites/basicPublishingCredentialsPolicies', { properties: { allow: true } }],
    ['Microsoft.Web/sites', { properties: { setting: 'DefaultEndpointsProtocol=https;AccountKey=…' } }],
  ])('that would open %s are found', (type, change) => expect(openToKeys(spoilt(type, change))).not.toEqual([]));
});

describe.each(TEMPLATES)('the template %s', (path) => {
  test('hands out no secret', () => expect(secretsHandedOut(template(path))).toEqual([]));
  test('assigns known roles only', () => expect(unknownRoles(template(path), resources)).toEqual([]));
  test('describes and uses every parameter, in every module', () => expect(neglectedParameters(template(path))).toEqual([]));
});

describe('a template', () => {
  const schema = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#';
  const module = (part: object): Template => ({ resources: { one: { properties: { template: { $schema: schema, ...part } } } } });

  test('that puts a key into an output, or into a setting, is found', () => {
    expect(secretsHandedOut(module({ outputs: { key: { value: "[listKeys('x', '2026-04-01').keys[0].value]" } } }))).toEqual(['listKeys']);
    expect(secretsHandedOut(module({ outputs: { key: { type: 'securestring', value: '…' } } }))).toEqual(['output key']);
  });

  test('with a role that nobody knows is found', () => {
    const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
    expect(unknownRoles(module({ variables: { roles: { owner } } }), [])).toEqual([owner]);
    const properties = { roleDefinitionId: `/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/${owner}` };
    expect(unknownRoles({}, spoilt('Microsoft.Authorization/roleAssignments', { properties }))).toEqual([owner]);
  });

  test('with a parameter that is not described, or not used, is found', () => {
    expect(neglectedParameters(module({ parameters: { place: { type: 'string' } }, resources: [] }))).toEqual([
      'place is not described',
      'place is not used',
    ]);
    const parameters = { place: { type: 'string', metadata: { description: "Where parameters('place') go." } } };
    expect(neglectedParameters(module({ parameters, resources: [] }))).toEqual(['place is not used']);
  });
});

describe('the files of infra/', () => {
  const references = sourceFiles()
    .filter((path) => /\.bicep(param)?$/.test(path))
    .flatMap((path) => referencesOf(path, read(path)));

  test('refer to files that are there', () => {
    expect(references.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(referencesOf('infra/main.bicep', "module lost 'modules/lost.bicep' = {")).toEqual([join('infra', 'modules', 'lost.bicep')]);
  });

  test('are all used', () => {
    const entries = [...TEMPLATES.map((path) => `${path}.bicep`), 'infra/bicepconfig.json'];
    const unused = sourceFiles().filter((path) => path.startsWith('infra/') && !references.includes(path) && !entries.includes(path));
    expect(unused.filter((path) => !path.endsWith('.bicepparam'))).toEqual([]);
  });
});
