import { dirname, join } from 'node:path';
import { BUILT_IN_ROLES } from './built-in-roles.ts';
import type { Resource } from './compiled.ts';

/** A compiled template; modules lie inside as nested deployments. */
export type Template = Readonly<{
  parameters?: Readonly<Record<string, Readonly<{ metadata?: Readonly<{ description?: string }> }>>>;
  outputs?: Readonly<Record<string, unknown>>;
  [part: string]: unknown;
}>;

/** A template and every template nested in it. */
export function nested(template: Template): Template[] {
  const found: Template[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('$schema' in node && String(node.$schema).includes('deploymentTemplate')) found.push(node as Template);
    for (const item of Object.values(node)) walk(item);
  };
  walk(template);
  return found;
}

/**
 * The API version of each type: one, chosen and checked. Key Vault's control plane takes nothing older than 2026-02-01 from 2027-02-27 on.
 */
export const API_VERSIONS: Readonly<Record<string, string>> = {
  'Microsoft.Authorization/locks': '2020-05-01',
  'Microsoft.Authorization/roleAssignments': '2022-04-01',
  'Microsoft.Authorization/roleDefinitions': '2022-04-01',
  'Microsoft.DurableTask': '2026-02-01',
  'Microsoft.EventGrid': '2025-02-15',
  'Microsoft.Insights/actionGroups': '2023-01-01',
  'Microsoft.Insights/components': '2020-02-02',
  'Microsoft.Insights/diagnosticSettings': '2021-05-01-preview',
  'Microsoft.Insights/scheduledQueryRules': '2026-03-01',
  'Microsoft.Insights/workbooks': '2023-06-01',
  'Microsoft.KeyVault': '2026-02-01',
  'Microsoft.ManagedIdentity': '2024-11-30',
  'Microsoft.Network/privateDnsZones': '2024-06-01',
  'Microsoft.Network/privateEndpoints': '2024-07-01',
  'Microsoft.Network/virtualNetworks': '2024-07-01',
  'Microsoft.OperationalInsights': '2025-07-01',
  'Microsoft.Resources': '2024-03-01',
  'Microsoft.Storage': '2026-04-01',
  'Microsoft.Web': '2024-11-01',
};

export function unlistedApiVersions(resources: readonly Resource[]): string[] {
  return resources.flatMap(({ type, apiVersion }) => {
    const listed = Object.entries(API_VERSIONS).find(([prefix]) => type === prefix || type.startsWith(`${prefix}/`))?.[1];
    return listed === apiVersion ? [] : [`${type}@${apiVersion}`];
  });
}

/** Wherever a key would do in place of an identity. */
export function openToKeys(resources: readonly Resource[]): string[] {
  const WANTED: Readonly<Record<string, (properties: Record<string, unknown>) => boolean>> = {
    'Microsoft.Storage/storageAccounts': ({ allowSharedKeyAccess, allowBlobPublicAccess }) =>
      allowSharedKeyAccess === false && allowBlobPublicAccess === false,
    'Microsoft.Insights/components': ({ DisableLocalAuth }) => DisableLocalAuth === true,
    'Microsoft.OperationalInsights/workspaces': ({ features }) => (features as { disableLocalAuth?: boolean }).disableLocalAuth === true,
    'Microsoft.KeyVault/vaults': ({ enableRbacAuthorization, accessPolicies }) =>
      enableRbacAuthorization === true && accessPolicies === undefined,
    'Microsoft.Web/sites/basicPublishingCredentialsPolicies': ({ allow }) => allow === false,
  };
  const ofSettings = resources
    .filter((resource) => /AccountKey=|SharedAccessKey|[?&]sig=/.test(JSON.stringify(resource)))
    .map(({ name }) => `${name} names a key`);
  return [
    ...resources.filter(({ type, properties }) => WANTED[type]?.({ ...properties }) === false).map(({ name }) => name),
    ...ofSettings,
  ];
}

/** Functions that hand out keys, wherever they stand: an output, a setting, a deployment's history would keep them. */
export function secretsHandedOut(template: Template): string[] {
  const calls = [...JSON.stringify(template).matchAll(/\b(list[A-Z]\w*)\(/g)].map(([, name]) => name ?? '');
  const secure = nested(template).flatMap(({ outputs = {} }) =>
    Object.entries(outputs)
      .filter(([, output]) => /secure/i.test(String((output as { type?: string }).type)))
      .map(([name]) => `output ${name}`),
  );
  return [...calls, ...secure];
}

/** Role definition ids that are neither built in and known, nor made here. */
export function unknownRoles(template: Template, resources: readonly Resource[]): string[] {
  const made = resources.filter(({ type }) => type === 'Microsoft.Authorization/roleDefinitions').map(({ name }) => name);
  const known = new Set([...Object.keys(BUILT_IN_ROLES), ...made]);
  const listed = nested(template).flatMap(({ variables }) =>
    Object.values(((variables ?? {}) as { roles?: Record<string, string> }).roles ?? {}),
  );
  const assigned = resources
    .filter(({ type }) => type === 'Microsoft.Authorization/roleAssignments')
    .map(({ properties }) => String(properties?.['roleDefinitionId']).split('/').at(-1) ?? '');
  return [...new Set([...listed, ...assigned])].filter((id) => !known.has(id));
}

/** Parameters that nothing reads, or that nobody says the meaning of. */
export function neglectedParameters(template: Template): string[] {
  return nested(template).flatMap((one) => {
    const text = JSON.stringify({
      ...one,
      parameters: Object.values(one.parameters ?? {}).map((parameter) => ({ ...parameter, metadata: null })),
    });
    return Object.entries(one.parameters ?? {}).flatMap(([name, { metadata }]) => [
      ...(metadata?.description ? [] : [`${name} is not described`]),
      ...(text.includes(`parameters('${name}')`) ? [] : [`${name} is not used`]),
    ]);
  });
}

/** Paths that a Bicep file refers to: modules, imports, texts. */
export const referencesOf = (path: string, text: string): string[] =>
  [...text.matchAll(/^(?:module \w+|import \{[^}]*\} from|using) '([^']+)'|load(?:Text|Json)Content\('([^']+)'\)/gm)].map(
    ([, module, content]) => join(dirname(path), module ?? content ?? ''),
  );
