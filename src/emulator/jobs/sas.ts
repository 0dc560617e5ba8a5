/** What the backup service says of a SAS token without an expiry. */
export const MALFORMED_SAS = {
  code: 'BadRequest',
  message: 'The customer provided SAS token is malformed. The SAS token does not contain the expiry field',
} as const;

/** The token as a query string: users also copy the `?`. */
export const bareToken = (token: string) => token.replace(/^\?/, '');

export const hasExpiry = (token: string) => new URLSearchParams(token).has('se');

/** Whether a token may write blobs; one that names no permissions (it refers to a stored policy) is left to the storage. */
export function mayWrite(token: string): boolean {
  const permissions = new URLSearchParams(token).get('sp');
  return permissions === null || /[cw]/.test(permissions);
}
