import { OperatorError } from './errors.ts';

/**
 * Reads one of our documents, and only of the schema that this version knows.
 *
 * @param path Named in the error.
 * @throws {OperatorError} when it is no JSON or of another schema.
 */
export function parseDocument<T extends Readonly<{ schema: string }>>(text: string, schema: T['schema'], path: string): T {
  let document: Partial<T> | null;
  try {
    document = JSON.parse(text) as Partial<T> | null;
  } catch (cause) {
    throw new OperatorError(
      `${path} is not readable: it is no JSON.`,
      'Restore an earlier version of this blob (versioning keeps it), or remove it.',
      { cause },
    );
  }
  if (document?.schema === schema) return document as T;
  throw new OperatorError(
    `${path} has the schema ${document?.schema ?? '(none)'}; this version of hsmkeep reads ${schema}.`,
    'Upgrade hsmkeep when a newer version wrote it; otherwise restore an earlier version of the blob.',
  );
}
