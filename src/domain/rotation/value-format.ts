import { Sensitive } from './sensitive.ts';

/**
 * How the credential lies in the stored value: it is the value, one member of a JSON object, one field of a connection string, or the password of a
 * URL.
 */
export type ValueFormat = Readonly<{ kind: 'raw' } | { kind: 'json'; member: string } | { kind: 'conn'; field: string } | { kind: 'url' }>;

/** The user that stands beside a credential and changes with it: `names` are all that it may be, `name` is whose credential it becomes. */
export type StoredUser = Readonly<{ names: readonly string[]; name: string }>;

/** Reads `raw`, `json:<member>`, `conn:<field>` or `url`; undefined for anything else. */
export function parseFormat(text: string): ValueFormat | undefined {
  if (text === 'raw' || text === 'url') return { kind: text };
  const [, kind, name] = /^(json|conn):([^;"\\]+)$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return kind === 'json' ? { kind, member: name } : { kind: 'conn', field: name };
}

/** The stored value cannot hold, or does not hold, the credential where the policy says. Carries no part of the value. */
export class FormatError extends Error {}

/**
 * Puts a credential into the stored value; every other byte stays as it is.
 *
 * @param previous The value to put it into; without one there is nothing but the credential.
 * @param user Where given, a member or field that names a user, and holds one of these names, gets the credential's.
 * @throws {FormatError}
 */
export function renderValue(format: ValueFormat, credential: Sensitive, previous: Sensitive | undefined, user?: StoredUser): Sensitive {
  if (format.kind === 'raw') return credential;
  const { encode } = SHAPES[format.kind];
  return credential.use((plain) => {
    if (previous === undefined) return new Sensitive(alone(format, encode(plain)));
    return previous.use((text) => {
      const { password, others } = fieldsOf(format, text);
      const users = user ? others.filter(({ name, value }) => USER_FIELD.test(name) && user.names.includes(value)) : [];
      const changes = [{ ...password, becomes: plain }, ...users.map((field) => ({ ...field, becomes: user?.name as string }))];
      return new Sensitive(replaceAll(text, changes, encode));
    });
  });
}

/**
 * Takes the credential out of a stored value.
 *
 * @throws {FormatError} when it is not there.
 */
export function extractValue(format: ValueFormat, stored: Sensitive): Sensitive {
  if (format.kind === 'raw') return stored;
  return stored.use((text) => new Sensitive(fieldsOf(format, text).password.value));
}

type Placed = Exclude<ValueFormat, { kind: 'raw' }>;
/** A named text inside a stored value: what it says, and where it is written. */
type Field = Readonly<{ name: string; value: string; start: number; end: number }>;

/** What a member or field is called that says whose password the value holds. */
const USER_FIELD = /^(user|user[ _]?name|user[ _]?id|uid|usr|login|role)$/i;

/** How each shape is read into fields, and how a text is written into it. */
const SHAPES: Readonly<Record<Placed['kind'], Readonly<{ read(text: string): Field[]; encode(plain: string): string }>>> = {
  json: { read: readJson, encode: (plain) => JSON.stringify(plain) },
  conn: { read: readConnectionString, encode: unquoted },
  url: { read: readUrl, encode: encodeURIComponent },
};

function alone(format: Placed, encoded: string): string {
  if (format.kind === 'json') return `{${JSON.stringify(format.member)}:${encoded}}`;
  if (format.kind === 'conn') return `${format.field}=${encoded}`;
  throw new FormatError('a URL cannot be made of a password alone');
}

function fieldsOf(format: Placed, text: string): Readonly<{ password: Field; others: readonly Field[] }> {
  const fields = SHAPES[format.kind].read(text);
  const isPassword = ({ name }: Field): boolean => {
    if (format.kind === 'json') return name === format.member;
    return name.toLowerCase() === (format.kind === 'conn' ? format.field.toLowerCase() : 'password');
  };
  const password = fields.findLast(isPassword);
  if (password && password.value !== '') return { password, others: fields.filter((field) => !isPassword(field)) };
  throw new FormatError(
    format.kind === 'url'
      ? 'the value is no URL with a password'
      : `the value has no ${format.kind === 'json' ? `member ${format.member}` : `field ${format.field}`}`,
  );
}

function replaceAll(text: string, changes: readonly (Field & { becomes: string })[], encode: (plain: string) => string): string {
  const lastFirst = changes.toSorted((a, b) => b.start - a.start);
  return lastFirst.reduce((result, { start, end, becomes }) => result.slice(0, start) + encode(becomes) + result.slice(end), text);
}

const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The members of a JSON object that are texts. */
function readJson(text: string): Field[] {
  requireObject(text);
  const fields: Field[] = [];
  let depth = 0;
  let name: string | undefined;
  for (const { 0: token, index: start } of text.matchAll(JSON_TOKEN)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && token === ',') name = undefined;
    else if (depth === 1 && token.startsWith('"')) {
      const value = JSON.parse(token) as string;
      if (name === undefined) name = value;
      else fields.push({ name, value, start, end: start + token.length });
    }
  }
  return fields;
}

function requireObject(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError('the value is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FormatError('the value is no JSON object');
}

/** `name=value;name="quoted; value"`, blanks around both not counting. */
const CONNECTION_PART = /(?<name>[^=;]*)=(?<blank>\s*)(?<value>"(?:[^"]|"")*"|'(?:[^']|'')*'|[^;]*?)\s*(?:;|$)/g;

function readConnectionString(text: string): Field[] {
  return Array.from(text.matchAll(CONNECTION_PART), ({ index, groups }) => {
    const { name, blank, value } = groups as Record<'name' | 'blank' | 'value', string>;
    const start = index + name.length + 1 + blank.length;
    return { name: name.trim(), value: withoutQuotes(value), start, end: start + value.length };
  });
}

function withoutQuotes(value: string): string {
  const quote = value.charAt(0);
  if (quote !== '"' && quote !== "'") return value;
  return value.slice(1, -1).replaceAll(quote + quote, quote);
}

/** What needs quotes is refused: every library has rules of its own for them. */
function unquoted(plain: string): string {
  if (/[;"'\s]/.test(plain)) throw new FormatError('the credential holds a character that a connection string would have to quote');
  return plain;
}

/** User and password of `scheme://user:password@host`. */
function readUrl(text: string): Field[] {
  const {
    before = '',
    user = '',
    password,
  } = /^(?<before>[a-z][\w+.-]*:\/\/)(?<user>[^:@/?#]*):(?<password>[^@/?#]*)@/i.exec(text)?.groups ?? {};
  if (password === undefined) return [];
  const [atUser, atPassword] = [before.length, before.length + user.length + 1];
  return [
    { name: 'user', value: decode(user), start: atUser, end: atUser + user.length },
    { name: 'password', value: decode(password), start: atPassword, end: atPassword + password.length },
  ];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new FormatError('the value is a URL that is not well encoded');
  }
}
