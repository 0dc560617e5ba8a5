import { z } from 'zod';
import { ServiceError } from '../service.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const KEY_NAME = /^[0-9a-zA-Z-]{1,127}$/;

export const isGuid = (text: string) => GUID.test(text);

/** Answers to bad input; the sentences of the service where they are known. */
export const badParameter = (message: string) => new ServiceError(400, 'BadParameter', message);

const strings = z.array(z.string()).default([]);

const definitionBody = z.object({
  properties: z.object({
    roleName: z.string().min(1),
    description: z.string().nullish(),
    permissions: z.array(z.object({ actions: strings, dataActions: strings, notActions: strings, notDataActions: strings })).nullish(),
  }),
});

const assignmentBody = z.object({ properties: z.object({ roleDefinitionId: z.string().min(1), principalId: z.string().min(1) }) });

export const parseDefinition = (body: unknown) => parse(definitionBody, body).properties;
export const parseAssignment = (body: unknown) => parse(assignmentBody, body).properties;

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [issue] = error.issues;
  throw badParameter(`The request body is wrong at ${issue?.path.join('.') || 'its top'}: ${issue?.message}.`);
}

/**
 * The scope of a path: `/`, `/keys` or `/keys/<key>`.
 *
 * @throws {ServiceError} 400 Invalidkeyidentifier, in the service's own spelling
 */
export function scopeOf({ key }: Readonly<Record<string, string>>, base: '/' | '/keys'): string {
  if (key === undefined) return base;
  if (!KEY_NAME.test(key)) throw new ServiceError(400, 'Invalidkeyidentifier', 'Invalid key identifier');
  return `/keys/${key}`;
}
