import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { default as draft04 } from 'ajv-draft-04';
import { type Resource, ROOT } from './compiled.ts';

/** Microsoft's own schemas of resources; they are data files beside the project, and not part of it. */
export const ARM_SCHEMAS = join(ROOT, '..', 'shared', 'arm-schemas');
export const haveArmSchemas = existsSync(ARM_SCHEMAS);

type Schema = { [key: string]: unknown };

/** The shared schemas do not know these; the compiler's own types do, and it checks every property of them. */
export const CHECKED_BY_THE_COMPILER = [
  'Microsoft.Authorization/locks',
  'Microsoft.Insights/actionGroups',
  'Microsoft.Insights/components',
  'Microsoft.Insights/diagnosticSettings',
  'Microsoft.Insights/workbooks',
  'Microsoft.Network/privateDnsZones',
  'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
  'Microsoft.Network/privateEndpoints',
  'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
  'Microsoft.Network/virtualNetworks',
  'Microsoft.Resources/resourceGroups',
] as const;

const EXPRESSION = 'https://schema.management.azure.com/schemas/common/definitions.json';
const compiled = new Map<string, ValidateFunction | undefined>();
const ajv = new draft04.default({ strict: false, allErrors: true, logger: false, validateFormats: false });

/**
 * Validates one resource against the schema of its type and API version.
 *
 * @returns The mistakes, each with its path; undefined when there is no schema for it.
 */
export function mistakesOf(resource: Resource): string[] | undefined {
  const validate = validatorOf(resource);
  if (!validate) return undefined;
  // What the deployment adds to the body of a resource.
  const { id: _id, scope: _scope, dependsOn: _dependsOn, ...body } = resource;
  if (validate(withoutNulls(body))) return [];
  const errors = (validate.errors ?? []).filter((error) => !isOfALeaf(error, resource.name));
  return errors.some(isTelling) ? deepest(errors).map(({ instancePath, message }) => `${instancePath}: ${message}`) : [];
}

/** Some schemas describe the last part of a child's name, others all of it. */
const isOfALeaf = ({ instancePath, keyword, params }: ErrorObject, name: string): boolean =>
  instancePath === '/name' && keyword === 'pattern' && new RegExp(params['pattern']).test(name.split('/').at(-1) ?? '');

function validatorOf({ type, apiVersion, name }: Resource): ValidateFunction | undefined {
  const [provider = '', ...parts] = type.split('/');
  const key = `${type}@${apiVersion} ${name.split('/').at(-1)}`;
  if (compiled.has(key)) return compiled.get(key);
  const validate = compileSchema(provider, apiVersion, parts.join('_'), name);
  compiled.set(key, validate);
  return validate;
}

function compileSchema(provider: string, apiVersion: string, definition: string, name: string): ValidateFunction | undefined {
  const path = join(ARM_SCHEMAS, apiVersion, `${provider}.json`);
  if (!existsSync(path)) return undefined;
  const id = `https://schema.management.azure.com/schemas/${apiVersion}/${provider}.json`;
  if (!ajv.getSchema(EXPRESSION))
    ajv.addSchema(tightened(JSON.parse(readFileSync(join(ARM_SCHEMAS, 'common', 'definitions.json'), 'utf8')), false));
  if (!ajv.getSchema(id)) ajv.addSchema(tightened(JSON.parse(readFileSync(path, 'utf8')), true));
  const schema = JSON.parse(readFileSync(path, 'utf8')) as Schema;
  const found = [
    'resourceDefinitions',
    'subscription_resourceDefinitions',
    'extension_resourceDefinitions',
    'unknown_resourceDefinitions',
  ].find((group) => definition in ((schema[group] as Schema | undefined) ?? {}));
  if (!found) return undefined;
  // Of several variants only the one that the name belongs to: otherwise a single mistake is told eleven times.
  const { oneOf = [] } = (schema[found] as Record<string, { oneOf?: Variant[] }>)[definition] ?? {};
  const variant = oneOf.findIndex((one) => one.properties?.name?.oneOf?.some(({ pattern }) => pattern && new RegExp(pattern).test(name)));
  return ajv.compile({ $ref: `${id}#/${found}/${definition}${variant < 0 ? '' : `/oneOf/${variant}`}` });
}

type Variant = { properties?: { name?: { oneOf?: { pattern?: string }[] } } };

/** As shipped the schemas let any unknown property pass, and so every misspelt one. */
function tightened(schema: Schema, close: boolean): Schema {
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
    const open =
      copy['type'] === 'object' && copy['properties'] && !copy['allOf'] && !copy['oneOf'] && copy['additionalProperties'] === undefined;
    if (!close || !open) return copy;
    return { ...copy, properties: { ...RESOURCE_FIELDS, ...(copy['properties'] as Schema) }, additionalProperties: false };
  };
  return walk(schema) as Schema;
}

/** Every resource may have these, whether or not its definition repeats them. */
const RESOURCE_FIELDS = { type: {}, apiVersion: {}, name: {} };

/** ARM leaves out what is null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

/** Every value may also be an expression, which makes a oneOf of it all: only the innermost mistakes say something. */
function deepest(errors: readonly ErrorObject[]): ErrorObject[] {
  const telling = errors.filter(isTelling);
  const depth = Math.max(...telling.map(({ instancePath }) => instancePath.split('/').length));
  return telling
    .filter(({ instancePath }) => instancePath.split('/').length === depth)
    .map((error) => ({ ...error, message: `${error.message}${detail(error.params)}` }));
}

const isTelling = ({ keyword, schemaPath }: ErrorObject): boolean => keyword !== 'oneOf' && !schemaPath.includes('definitions/expression');

const detail = (params: Readonly<Record<string, unknown>>): string =>
  Object.keys(params).length === 0 ? '' : ` (${Object.values(params).map(String).join(', ')})`;
