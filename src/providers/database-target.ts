import { Sensitive } from '../domain/rotation/sensitive.ts';
import { ConfigFailure, type ProviderContext } from './contract.ts';

/** Where a database server is, out of the tag `rot-target`. */
export type DatabaseTarget = Readonly<{ host: string; port: number; database: string; tls: boolean }>;

export type DatabaseLogin = Readonly<{ user: string; password: Sensitive }>;

/** What one kind of database expects of its address. */
export type DatabaseKind = Readonly<{ schemes: readonly string[]; port: number; database: string }>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reads `postgres://db.contoso.net:5432/orders`. TLS with a certificate that is checked, unless the address is this machine's or the query says
 * `tls=off`.
 *
 * @throws {ConfigFailure}
 */
export function parseDatabaseTarget(target: string, { schemes, port, database }: DatabaseKind): DatabaseTarget {
  const wanted = `Write ${schemes[0]}://host:port/database, credentials in rot-admin; ?tls=off only where there is no TLS.`;
  if (!URL.canParse(target)) throw new ConfigFailure('rot-target is no address of a database', wanted);
  const url = new URL(target);
  if (!schemes.includes(url.protocol.slice(0, -1)) || url.hostname === '')
    throw new ConfigFailure(`rot-target does not begin with ${schemes.map((scheme) => `${scheme}://host`).join(' or ')}`, wanted);
  if (url.username !== '' || url.password !== '')
    throw new ConfigFailure('rot-target holds credentials, and everyone may read tags', wanted);

  const tls = url.searchParams.get('tls') ?? (LOOPBACK.test(url.hostname) ? 'off' : 'on');
  const unknown = [...url.searchParams.keys()].filter((name) => name !== 'tls');
  if (unknown.length > 0 || (tls !== 'on' && tls !== 'off'))
    throw new ConfigFailure(`rot-target has a query that is not understood: ${url.search}`, wanted);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? port : Number(url.port),
    database: decoded(url.pathname.slice(1)) || database,
    tls: tls === 'on',
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigFailure('rot-target is no address of a database', 'Its path is not well encoded.');
  }
}

/**
 * The login with which a rotation changes accounts, made of the secret that `rot-admin` names: `{"username": …, "password": …}`, or a
 * connection URL. With `self`, the account that is rotated.
 *
 * @throws {ConfigFailure} when there is none.
 */
export async function withAdmin<T>(
  context: ProviderContext,
  self: DatabaseLogin | undefined,
  use: (login: DatabaseLogin) => Promise<T>,
): Promise<T> {
  return context.admin(async (credential) => {
    if (credential === 'managed-identity')
      throw new ConfigFailure('rot-admin=mi is not supported for databases', 'Name a secret with user and password: vault/name.');
    if (credential !== 'self') return use(credential.use(readLogin));
    if (!self) throw new ConfigFailure('rot-admin=self, and there is no credential to log in with', 'Name an admin secret in rot-admin.');
    return use(self);
  });
}

function readLogin(text: string): DatabaseLogin {
  const { user, password } = fromJson(text) ?? fromUrl(text) ?? {};
  if (typeof user === 'string' && user !== '' && typeof password === 'string' && password !== '')
    return { user, password: new Sensitive(password) };
  throw new ConfigFailure(
    'the secret that rot-admin names holds no login',
    'Store {"username": "…", "password": "…"} or a connection URL there.',
  );
}

type MaybeLogin = Readonly<{ user?: unknown; password?: unknown }> | undefined;

function fromJson(text: string): MaybeLogin {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    return { user: value?.['username'] ?? value?.['user'], password: value?.['password'] };
  } catch {
    return undefined;
  }
}

function fromUrl(text: string): MaybeLogin {
  try {
    const { username, password } = new URL(text);
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}
