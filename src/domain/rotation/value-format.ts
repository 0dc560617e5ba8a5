import { Sensitive } from './sensitive.ts';

/** How the credential lies in the stored value: it is the value, one member of a JSON object, or one field of a connection string. */
export type ValueFormat = Readonly<{ kind: 'raw' } | { kind: 'json'; member: string } | { kind: 'conn'; field: string }>;

/** Reads `raw`, `json:<member>` or `conn:<field>`; undefined for anything else. */
export function parseFormat(text: string): ValueFormat | undefined {
  if (text === 'raw') return { kind: 'raw' };
  const [, kind, name] = /^(json|conn):([^;"\\]+)$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return kind === 'json' ? { kind, member: name } : { kind: 'conn', field: name };
}

/** The stored value cannot hold, or does not hold, the credential where the policy says. Carries no part of the value. */
export class FormatError extends Error {}

/**
 * Puts a credential into the stored value; every other member or field stays as it is.
 *
 * @param previous The value to put it into; without one there is nothing but the credential.
 * @throws {FormatError}
 */
export function renderValue(format: ValueFormat, credential: Sensitive, previous: Sensitive | undefined): Sensitive {
  return credential.use((plain) => {
    const before = previous?.use((text) => text);
    switch (format.kind) {
      case 'raw':
        return credential;
      case 'json':
        return new Sensitive(JSON.stringify({ ...(before === undefined ? {} : parseObject(before)), [format.member]: plain }));
      case 'conn':
        return new Sensitive(withField(before ?? '', format.field, plain));
    }
  });
}

/**
 * Takes the credential out of a stored value.
 *
 * @throws {FormatError} when it is not there.
 */
export function extractValue(format: ValueFormat, stored: Sensitive): Sensitive {
  return stored.use((text) => {
    if (format.kind === 'raw') return stored;
    const found = format.kind === 'json' ? parseObject(text)[format.member] : fieldOf(text, format.field);
    if (typeof found === 'string' && found !== '') return new Sensitive(found);
    throw new FormatError(`the value has no ${format.kind === 'json' ? `member ${format.member}` : `field ${format.field}`}`);
  });
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError('the value is no JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FormatError('the value is no JSON object');
}

/** `name=value` parts of a connection string, separated by semicolons, in their order. */
const parts = (text: string): string[] => text.split(';').filter((part) => part.trim() !== '');
const nameOf = (part: string): string => (part.split('=')[0] as string).trim().toLowerCase();

function fieldOf(text: string, field: string): string | undefined {
  const part = parts(text).find((one) => nameOf(one) === field.toLowerCase());
  return part?.slice(part.indexOf('=') + 1);
}

/** @throws {FormatError} for a credential that would end the field early. */
function withField(text: string, field: string, credential: string): string {
  if (/[;"'\s]/.test(credential)) throw new FormatError('the credential holds a character that a connection string would have to quote');
  const all = parts(text);
  const at = all.findIndex((part) => nameOf(part) === field.toLowerCase());
  if (at < 0) return [...all, `${field}=${credential}`].join(';');
  return all.map((part, index) => (index === at ? `${part.slice(0, part.indexOf('='))}=${credential}` : part)).join(';');
}
