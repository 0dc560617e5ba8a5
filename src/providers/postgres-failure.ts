import type { Failure } from './contract.ts';
import { networkFailure } from './target-error.ts';

/** The fields of the driver's error that are looked at; its text and its statement are not. */
type DriverError = Readonly<{ code?: unknown; routine?: unknown; message?: unknown }>;

const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * What an error of the driver means.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function postgresFailure(thrown: unknown): Failure {
  const { code, routine, message } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverError;
  // The driver has no code for it.
  if (message === 'The server does not support SSL connections')
    return {
      kind: 'config',
      code: 'NoTls',
      hint: 'The server has no TLS. Switch it on; ?tls=off in the tag rot-target does without, and shows credentials to the network.',
    };
  if (typeof code === 'string' && SQLSTATE.test(code)) return stateFailure(code, routine);
  return networkFailure(code) ?? { kind: 'transient', code: 'ConnectionLost' };
}

function stateFailure(code: string, routine: unknown): Failure {
  switch (code) {
    case '28P01':
      return { kind: 'denied', code, hint: 'The password was not accepted.' };
    case '28000':
      return routine === 'InitializeSessionUserId'
        ? { kind: 'denied', code, hint: 'The role does not exist or may not log in.' }
        : {
            kind: 'config',
            code,
            hint: "Let the app's addresses in, with TLS as it connects: pg_hba.conf, or the firewall rules of the service.",
          };
    case '42501':
      return {
        kind: 'denied',
        code,
        hint: 'The login that rot-admin names lacks a right: CREATEROLE, and from PostgreSQL 16 ADMIN OPTION on the roles; CONNECT on the database.',
      };
    case '42704':
      return { kind: 'gone', code, hint: 'The role in rot-principal does not exist. Create it, or correct the tag.' };
    case '3D000':
      return { kind: 'config', code, hint: 'The database in rot-target does not exist.' };
    case '25006':
      return { kind: 'read-only', code, hint: 'rot-target is a standby. Name the primary, or the endpoint that follows it.' };
    case '53300':
      return { kind: 'throttled', code, retryAfterMs: 30_000 };
  }
  // 08 connection, 40 rollback, 53 resources, 55P03 lock, 57 shutdown and cancel, XX000 "tuple concurrently updated".
  if (/^(08|40|53|55P03|57|XX)/.test(code)) return { kind: 'transient', code };
  return { kind: 'config', code, hint: `Look up SQLSTATE ${code}, and the log of the server.` };
}

/** Codes that say that this login is not accepted. */
export const isRefusedLogin = (failure: Failure): boolean =>
  failure.kind === 'denied' && (failure.code === '28P01' || failure.code === '28000');
