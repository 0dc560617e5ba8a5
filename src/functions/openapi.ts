import * as z from 'zod';
import { defineRoute, type Operation, type Route } from './define-route.ts';
import * as schemas from './schemas.ts';

type Json = Record<string, unknown>;

const jsonSchema = (schema: z.ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
};

/**
 * Describes the routes.
 *
 * @see https://spec.openapis.org/oas/v3.1.1
 */
export function describeApi(routes: readonly Route[], version: string): Json {
  const paths = Object.fromEntries(routes.map((route) => [`/api/${route.route}`, describeRoute(route)]));
  return {
    openapi: '3.1.0',
    info: { title: 'hsmkeep', version, description: 'Keeps Azure Managed HSMs recoverable and Key Vault secrets fresh.' },
    paths,
    components: {
      schemas: { Problem: jsonSchema(schemas.problem) },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: "A token of the app's tenant and audience." },
      },
    },
  };
}

function describeRoute(route: Route): Json {
  const parameters = [...route.route.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const operations = Object.entries(route.methods).map(([method, operation]) => [
    method.toLowerCase(),
    describeOperation(route, method, operation),
  ]);
  return { ...(parameters.length > 0 && { parameters }), ...Object.fromEntries(operations) };
}

function describeOperation(route: Route, method: string, { role, summary, body, query, answers }: Operation): Json {
  const responses = Object.entries(answers).map(([status, { description, schema }]) => [
    status,
    { description, ...(schema && { content: { 'application/json': { schema: jsonSchema(schema) } } }) },
  ]);
  const problem = {
    description: 'A problem, with a hint what to do',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    operationId: `${route.name}.${method.toLowerCase()}`,
    summary,
    ...(role === null ? { security: [] } : { security: [{ bearer: [] }], description: `Needs the app role \`${role}\`.`, 'x-role': role }),
    ...(query && {
      parameters: Object.entries(query).map(([name, description]) => ({
        name,
        in: 'query',
        required: false,
        description,
        schema: { type: 'string' },
      })),
    }),
    ...(body && { requestBody: { required: false, content: { 'application/json': { schema: jsonSchema(body) } } } }),
    responses: { ...Object.fromEntries(responses), default: problem },
  };
}

/** The description of the API, of the routes that this app serves. */
export const openapi = (routes: () => readonly Route[], version: string): Route =>
  defineRoute({
    name: 'openapi',
    route: 'openapi.json',
    duties: ['backup', 'restore', 'rotate'],
    methods: {
      GET: {
        role: null,
        summary: 'This description',
        answers: { 200: { description: 'OpenAPI 3.1' } },
        handle: async () => ({ jsonBody: describeApi(routes(), version) }),
      },
    },
  });
