import { MisuseError } from '../errors.ts';

/** A secret as people name it: `vault/name`. @throws {MisuseError} for anything else. */
export function referenceOf(reference: string): Readonly<{ vault: string; name: string }> {
  const [, vault, name] = /^([0-9a-zA-Z-]+)\/([0-9a-zA-Z-]+)$/.exec(reference) ?? [];
  if (vault !== undefined && name !== undefined) return { vault, name };
  throw new MisuseError(`${reference} does not name a secret.`, 'Write vault/name; hsmkeep secret list shows them.');
}

/** Its place in the API. */
export function pathOf(reference: string): string {
  const { vault, name } = referenceOf(reference);
  return `/secrets/${vault}/${name}`;
}
