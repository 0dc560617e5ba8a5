import { z } from 'zod';

/** Bytes as the API writes them: base64url; padding is tolerated. */
export const base64urlBytes = z
  .string()
  .regex(/^[A-Za-z0-9_-]*={0,2}$/)
  .transform((text): Uint8Array => Buffer.from(text, 'base64url'));

export const toBase64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
