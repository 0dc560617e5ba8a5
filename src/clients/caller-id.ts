import type { TokenCredential } from '@azure/core-auth';

/**
 * Object id of the identity that a credential stands for, as a token for the HSM names it.
 *
 * @param url The HSM's address.
 * @returns null when the token does not tell.
 */
export async function callerId(url: string, credential: TokenCredential, abortSignal: AbortSignal): Promise<string | null> {
  const token = await credential.getToken(scopeOf(url), { abortSignal });
  return token && objectIdIn(token.token);
}

/** The resource is the HSM's host name without its first label; behind a loopback address stands an emulator of the public cloud. */
export function scopeOf(url: string): string {
  const { hostname } = new URL(url);
  const isName = /^[^.]+\.managedhsm\./.test(hostname);
  return `https://${isName ? hostname.slice(hostname.indexOf('.') + 1) : 'managedhsm.azure.net'}/.default`;
}

/** Not a check of the token: that is for whoever receives it. */
function objectIdIn(token: string): string | null {
  try {
    const { oid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { oid?: unknown };
    return typeof oid === 'string' ? oid : null;
  } catch {
    return null;
  }
}
