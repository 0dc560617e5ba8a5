import { extractValue, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import { ConfigFailure, type Held, type Liveness, type ProviderContext, type RotationProvider } from './contract.ts';
import { type DatabaseTarget, parseDatabaseTarget, withAdmin } from './database-target.ts';
import {
  type Accounts,
  accepted,
  endSessions,
  lockName,
  nativeHash,
  readAccounts,
  setHashes,
  setOwnPassword,
  unknownTo,
  withoutHash,
} from './mariadb-accounts.ts';
import { isLoginRefused } from './mariadb-failure.ts';
import { checkMariadb } from './mariadb-preflight.ts';
import { MARIADB_WINDOW_MS, type MariadbSession, withMariadb } from './mariadb-session.ts';
import { randomValue } from './random-value.ts';
import { classifyOurs, isUnanswered, TargetError } from './target-error.ts';

type MariadbSpec = Readonly<{
  target: DatabaseTarget;
  accounts: Accounts;
  /** The account changes its own password, with no right to anything else. */
  self: boolean;
  format: ValueFormat;
}>;

const KIND = { schemes: ['mariadb', 'mysql'], port: 3306, database: '' } as const;
const LONGEST_NAME = 128;

/**
 * Passwords of MariaDB accounts.
 *
 * An account takes the old and the new password until the grace is over, so nobody is cut off. With `strategy=single` it takes the new one
 * only, and logins fail between that and the publication, for some milliseconds.
 *
 * The server is sent hashes only, and asked for them to learn what it accepts: a probe costs no login. `rot-principal` is a user, for all of its
 * hosts, or `user@host`.
 *
 * @see https://mariadb.com/kb/en/alter-user/
 */
export const mariadb: RotationProvider<MariadbSpec> = {
  id: 'mariadb',
  capabilities: {
    strategies: ['multi', 'single'],
    origin: 'caller',
    probes: ['verifier'],
    targetLock: 'session',
    applyWindowMs: MARIADB_WINDOW_MS,
  },

  parse({ target, principal, admin, policy }) {
    if (!['auto', 'multi', 'single'].includes(policy.strategy))
      throw new ConfigFailure(`strategy=${policy.strategy} in rot-policy is none of MariaDB's`, 'Use multi or single.');
    const self = admin === '' || admin === 'self';
    if (self && policy.strategy !== 'single')
      throw new ConfigFailure(
        'rot-admin is missing: an account of MariaDB cannot give itself a second password',
        'Name the secret (vault/name) of a login with CREATE USER and SELECT ON mysql.global_priv, or choose strategy=single.',
      );
    return { target: parseDatabaseTarget(target, KIND), accounts: accountsOf(principal), self, format: policy.format };
  },

  preflight: (context, spec) => asAdmin(context, spec, (session) => checkMariadb(session, spec.accounts, spec.self)),
  choose: async ({ management }, _spec, _current, { strategy, base }) => ({ strategy, base, slot: management.principal }),
  generate: async ({ rotationId, management, random }, _spec, { slot }) => ({
    rotationId,
    slot,
    value: randomValue(management.policy, random),
  }),

  async probe(context, spec, { value }) {
    try {
      // A server may lock an account after too many failed logins.
      if (spec.self) return context.takeLogin() ? await tryLogin(context, spec, value) : 'unknown';
      const accounts = await asAdmin(context, spec, (session) => readAccounts(session, spec.accounts));
      return accepted(accounts, hashOf({ value })) ? 'live' : 'not-live';
    } catch (error) {
      if (isUnanswered(error)) return 'unknown';
      throw error;
    }
  },
  apply: (context, spec, candidate, keep) =>
    change(context, spec, async (session) => {
      if (spec.self) return setOwnPassword(session, hashOf(candidate));
      const accounts = await readAccounts(session, spec.accounts);
      const kept = keep.map(hashOf);
      // The list is replaced as a whole: what is published must be in it now, or somebody changed it since anybody looked.
      if (!kept.every((hash) => accepted(accounts, hash))) throw new TargetError({ kind: 'transient', code: 'ChangedMeanwhile' });
      await setHashes(session, accounts, [hashOf(candidate), ...kept]);
    }),
  async verify(context, spec, { value }) {
    if ((await tryLogin(context, spec, value)) !== 'live') throw new TargetError({ kind: 'transient', code: 'NotAcceptedYet' });
  },
  render: ({ format }, { value }, previous) => renderValue(format, value, previous),
  extract: ({ format }, stored) => extractValue(format, stored),

  async retire(context, spec, old, keep) {
    if (keep.some((kept) => kept.value.equals(old.value)))
      throw new ConfigFailure(
        'the credential to retire is one that is in use',
        'Look at the versions of the secret: two have the same value.',
      );
    await end(context, spec, old, keep);
  },
  async discard(context, spec, candidate, keep) {
    if (!keep.some((kept) => kept.value.equals(candidate.value))) await end(context, spec, candidate, keep);
  },
  classify: classifyOurs,
};

/** `user` or `user@host`; a user's name may hold an @ when the host is given, too. */
function accountsOf(principal: string): Accounts {
  const at = principal.lastIndexOf('@');
  const [user, host] = at < 0 ? [principal, null] : [principal.slice(0, at), principal.slice(at + 1)];
  if (user === '' || host === '' || principal.includes('\0'))
    throw new ConfigFailure('rot-principal is no account', 'Write the user, for all its hosts, or user@host.');
  if ([...user].length > LONGEST_NAME)
    throw new ConfigFailure(
      `the name in rot-principal has more than ${LONGEST_NAME} characters`,
      'MariaDB has no such user; write the name as the server has it.',
    );
  return { user, host };
}

const hashOf = ({ value }: Pick<Held, 'value'>): string => value.use(nativeHash);

/** Does work with the right to see and change accounts. @throws {TargetError} with a word about rot-admin when it is not let in. */
const asAdmin = <T>(context: ProviderContext, spec: MariadbSpec, work: (session: MariadbSession) => Promise<T>): Promise<T> =>
  withAdmin(context, context.published && { user: spec.accounts.user, password: context.published.value }, async (login) => {
    try {
      return await withMariadb(context, spec.target, login, work);
    } catch (error) {
      if (!(error instanceof TargetError) || !isLoginRefused(error.failure)) throw error;
      throw new TargetError({
        kind: 'denied',
        code: error.failure.code,
        hint: 'The login that rot-admin names is not accepted by the target. Compare that secret with the server.',
      });
    }
  });

/** The same, alone: a late request of an earlier try ends before this begins, because its session holds the lock until then. */
const change = (context: ProviderContext, spec: MariadbSpec, work: (session: MariadbSession) => Promise<void>): Promise<void> =>
  asAdmin(context, spec, (session) => session.locked(lockName(spec.accounts), () => work(session)));

/** Logs in as a consumer does. @throws {TargetError} */
async function tryLogin(context: ProviderContext, { target, accounts: { user } }: MariadbSpec, password: Held['value']): Promise<Liveness> {
  try {
    await withMariadb(context, target, { user, password }, (session) => session.query('SELECT 1'));
    return 'live';
  } catch (error) {
    if (error instanceof TargetError && isLoginRefused(error.failure)) return 'not-live';
    throw error;
  }
}

/** Takes one password off the accounts; the others stay. Sessions do not tell which password they came with, so all of them go where any must. */
const end = (context: ProviderContext, spec: MariadbSpec, old: Held, keep: readonly Held[]): Promise<void> =>
  change(context, spec, async (session) => {
    const accounts = await readAccounts(session, spec.accounts);
    const hash = hashOf(old);
    if (!unknownTo(accounts, hash)) {
      if (!keep.map(hashOf).every((kept) => accepted(accounts, kept)))
        throw new TargetError({ kind: 'transient', code: 'ChangedMeanwhile' });
      await withoutHash(session, accounts, hash);
    }
    if (context.endSessions) await endSessions(session, accounts);
  });
