import type { Failure } from './contract.ts';
import { networkFailure } from './target-error.ts';

/** The fields of the driver's error that are looked at; its text and its statement are not. */
type DriverError = Readonly<{ code?: unknown; errno?: unknown }>;

const denied = (code: string): Failure => ({
  kind: 'denied',
  code,
  hint: 'The login that rot-admin names lacks a right: GRANT CREATE USER ON *.*, and SELECT ON mysql.global_priv.',
});
const LOGIN_REFUSED: Failure = { kind: 'denied', code: 'LoginRefused', hint: 'The password was not accepted.' };

/** @see https://mariadb.com/kb/en/mariadb-error-code-reference/ */
const FAILURES: Readonly<Record<number, Failure>> = {
  1040: { kind: 'throttled', code: 'TooManyConnections', retryAfterMs: 30_000 },
  1044: denied('DatabaseDenied'),
  1045: LOGIN_REFUSED,
  1095: { kind: 'denied', code: 'KillDenied', hint: 'GRANT CONNECTION ADMIN ON *.*, to end sessions after a compromise.' },
  1129: { kind: 'denied', code: 'HostBlocked', hint: "Too many broken connections from the app's address: FLUSH HOSTS." },
  1130: { kind: 'config', code: 'HostNotAllowed', hint: "No account of the server may come from the app's address." },
  1142: denied('TableDenied'),
  1158: { kind: 'transient', code: 'ConnectionLost' },
  1159: { kind: 'transient', code: 'TimedOut' },
  1160: { kind: 'transient', code: 'ConnectionLost' },
  1161: { kind: 'transient', code: 'TimedOut' },
  1203: { kind: 'throttled', code: 'TooManyConnections', retryAfterMs: 30_000 },
  1205: { kind: 'transient', code: 'LockBusy' },
  1213: { kind: 'transient', code: 'Deadlock' },
  1226: { kind: 'throttled', code: 'UserLimit', retryAfterMs: 60_000 },
  1227: denied('RightMissing'),
  1290: {
    kind: 'read-only',
    code: 'ReadOnly',
    hint: 'rot-target is a replica or read-only: name the writable server. With strict_password_validation the server takes no hashes either: switch that off.',
  },
  1396: { kind: 'gone', code: 'NoSuchAccount', hint: 'The account in rot-principal does not exist. Create it, or correct the tag.' },
  1524: { kind: 'config', code: 'PluginMissing', hint: 'The server does not have the plugin mysql_native_password.' },
  1698: LOGIN_REFUSED,
  1820: { kind: 'config', code: 'PasswordExpired', hint: 'The password of the account has expired: ALTER USER … PASSWORD EXPIRE NEVER.' },
  1862: { kind: 'config', code: 'PasswordExpired', hint: 'The password of the account has expired: ALTER USER … PASSWORD EXPIRE NEVER.' },
  1969: { kind: 'transient', code: 'TimedOut' },
  4150: { kind: 'config', code: 'AccountBlocked', hint: 'Too many failed logins (max_password_errors): FLUSH PRIVILEGES ends that.' },
  4151: { kind: 'config', code: 'AccountLocked', hint: 'The account is locked: ALTER USER … ACCOUNT UNLOCK.' },
};

const LOST: ReadonlySet<unknown> = new Set(['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'ER_SERVER_SHUTDOWN']);

/** What an error of the driver means. */
export function mariadbFailure(thrown: unknown): Failure {
  const { code, errno } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverError;
  const network = networkFailure(code);
  if (network) return network;
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT')
    return {
      kind: 'config',
      code: 'NoTls',
      hint: 'The server has no TLS. Switch it on; ?tls=off in the tag rot-target does without, and shows credentials to the network.',
    };
  if (code === 'AUTH_SWITCH_PLUGIN_ERROR')
    return { kind: 'config', code: 'Plugin', hint: 'The account logs in by a plugin other than mysql_native_password.' };
  if (LOST.has(code) || typeof errno !== 'number') return { kind: 'transient', code: 'ConnectionLost' };
  return (
    FAILURES[errno] ?? { kind: 'config', code: `Error${errno}`, hint: `Look up error ${errno} of MariaDB, and the log of the server.` }
  );
}

/** Whether a login was not accepted, as opposed to anything else that went wrong. */
export const isLoginRefused = (failure: Failure): boolean => failure.code === LOGIN_REFUSED.code;
