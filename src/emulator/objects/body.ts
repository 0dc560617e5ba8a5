import { z } from 'zod';
import { ServiceError } from '../service.ts';

/** 400 as keys and secrets have it for anything wrong in a request. */
export const badParameter = (message: string, inner?: string) => new ServiceError(400, 'BadParameter', message, inner);

/**
 * Checks a request's body and narrows it.
 *
 * @throws {ServiceError} 400 BadParameter that names the first property at fault, never its value: it may be a secret.
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;

  const { path = [] } = parsed.error.issues[0] ?? {};
  if (path.length === 0) throw badParameter('The request body is not a valid JSON object.');
  // Word for word what the service says of wrong tags; for other properties a reader is better off with the name.
  throw badParameter(`Property has invalid value\r\n${path[0] === 'tags' ? '' : `Property: ${path.join('.')}`}`);
}

/** Clients write an unset property as null or leave it out; both mean "not given". */
export const given = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** `nbf` and `exp` are Unix seconds; a client that counts in 32 bits sends negative ones, and the service takes them. */
export const requestedAttributes = z.object({
  enabled: given(z.boolean()),
  nbf: given(z.int()),
  exp: given(z.int()),
});

const MAX_TAGS = 15;
const MAX_TAG_LENGTH = 512;

export const requestedTags = z
  .record(z.string().max(MAX_TAG_LENGTH), z.string().max(MAX_TAG_LENGTH))
  .refine((tags) => Object.keys(tags).length <= MAX_TAGS);
