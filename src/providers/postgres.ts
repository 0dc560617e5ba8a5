import type { Strategy } from '../domain/rotation/policy.ts';
import { extractValue, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import { ConfigFailure, type Held, type Liveness, type ProviderContext, type RotationProvider } from './contract.ts';
import { type DatabaseLogin, type DatabaseTarget, parseDatabaseTarget, withAdmin } from './database-target.ts';
import { isRefusedLogin } from './postgres-failure.ts';
import { checkPostgres } from './postgres-preflight.ts';
import { endSessions, forbidLogin, LONGEST_NAME_BYTES, lockRole, readRole, readSessions, setPassword } from './postgres-roles.ts';
import { POSTGRES_WINDOW_MS, type PostgresSession, withPostgres } from './postgres-session.ts';
import { randomValue } from './random-value.ts';
import { SCRAM_SALT_BYTES, scramVerifier } from './scram.ts';
import { classifyOurs, isUnanswered, TargetError } from './target-error.ts';

type PostgresSpec = Readonly<{
  target: DatabaseTarget;
  strategy: 'alternating' | 'single';
  /** One user, or the two that take turns; the first is the one in use at first. */
  users: readonly [string] | readonly [string, string];
  /** The users change their own passwords. */
  self: boolean;
  format: ValueFormat;
}>;

const KIND = { schemes: ['postgres', 'postgresql'], port: 5432, database: 'postgres' } as const;

/**
 * Passwords of PostgreSQL roles.
 *
 * By default two users take turns (`rot-principal=app_a|app_b`): the idle one gets the new password, so nobody is cut off. With
 * `strategy=single` one user's password is replaced, and logins fail between that and the publication, for some milliseconds.
 *
 * The server is sent SCRAM verifiers only. Which rotation a password is from stands in the comment of the role, and commits with it.
 *
 * @see https://www.postgresql.org/docs/current/sql-alterrole.html
 */
export const postgres: RotationProvider<PostgresSpec> = {
  id: 'postgres',
  capabilities: {
    strategies: ['alternating', 'single'],
    origin: 'caller',
    probes: ['marker', 'login'],
    targetLock: 'session',
    applyWindowMs: POSTGRES_WINDOW_MS,
  },

  parse({ target, principal, admin, policy }) {
    const strategy = policy.strategy === 'auto' ? 'alternating' : policy.strategy;
    if (strategy !== 'alternating' && strategy !== 'single')
      throw new ConfigFailure(`strategy=${strategy} in rot-policy is none of PostgreSQL's`, 'Use alternating or single.');
    const self = admin === '' || admin === 'self';
    if (strategy === 'alternating' && self)
      throw new ConfigFailure(
        'strategy alternating needs rot-admin: the user in use cannot change the password of the idle one',
        'Name the secret (vault/name) of a login with CREATEROLE, or choose strategy=single.',
      );
    return { target: parseDatabaseTarget(target, KIND), strategy, users: usersOf(principal, strategy), self, format: policy.format };
  },

  preflight: (context, spec) => asAdmin(context, spec, (session) => checkPostgres(session, spec.users, spec.self)),
  async choose(_context, spec, current, { strategy, base }) {
    const inUse = userOf(spec, current);
    return { strategy, base, slot: spec.users.find((user) => user !== inUse) ?? inUse };
  },
  async generate({ rotationId, management, random }, _spec, { slot }) {
    const value = randomValue(management.policy, random);
    return { rotationId, slot, value, verifier: value.use((plain) => scramVerifier(plain, random(SCRAM_SALT_BYTES))) };
  },

  async probe(context, spec, credential) {
    try {
      if (credential.rotationId !== undefined && (await isOtherRotation(context, spec, credential, credential.rotationId)))
        return 'not-live';
      return await tryLogin(context, spec, credential);
    } catch (error) {
      if (isUnanswered(error)) return 'unknown';
      throw error;
    }
  },

  async apply(context, spec, { rotationId, slot, value, verifier }, keep) {
    const user = userOf(spec, { slot });
    if (keep.some((kept) => userOf(spec, kept) === user))
      throw new ConfigFailure(`the password of ${user} is in use`, 'Compare rot-principal with the tag rot-slot of the current version.');
    if (verifier === undefined) throw new ConfigFailure('the escrow entry has no verifier', 'Rotate again: another value will be made.');

    await asAdmin(context, spec, (session) =>
      session.transaction(async () => {
        await lockRole(session, user);
        const role = await readRole(session, user);
        // A request of an earlier try may have landed since anybody looked.
        if (role.marker === rotationId && (await tryLogin(context, spec, { slot, value })) === 'live') return;
        if (spec.self) await session.query(`ALTER ROLE CURRENT_USER PASSWORD ${session.quoteText(verifier)}`);
        else await setPassword(session, role, verifier, rotationId);
      }),
    );
  },
  async verify(context, spec, candidate) {
    const liveness = await tryLogin(context, spec, candidate);
    if (liveness !== 'live') throw new TargetError({ kind: 'transient', code: 'NotAcceptedYet' });
  },
  render: ({ format, users }, { slot, value }, previous) => renderValue(format, value, previous, { names: users, name: slot }),
  extract: ({ format }, stored) => extractValue(format, stored),

  async retire(context, spec, old, keep) {
    if (keep.some((kept) => kept.value.equals(old.value)))
      throw new ConfigFailure(
        'the credential to retire is one that is in use',
        'Look at the versions of the secret: two have the same value.',
      );
    await end(context, spec, old, keep);
  },
  async usersOf(context, spec, held) {
    const user = userOf(spec, held);
    if (context.published && userOf(spec, context.published) === user) return [];
    return asAdmin(context, spec, (session) => readSessions(session, user));
  },
  discard: (context, spec, candidate, keep) => end(context, spec, candidate, keep),
  classify: classifyOurs,
};

function usersOf(principal: string, strategy: Strategy): PostgresSpec['users'] {
  const users = principal.split('|');
  const [one = '', other, ...more] = users;
  const tooLong = users.find((user) => Buffer.byteLength(user) > LONGEST_NAME_BYTES);
  if (tooLong !== undefined)
    throw new ConfigFailure(
      `the name ${tooLong} in rot-principal has more than ${LONGEST_NAME_BYTES} bytes`,
      'PostgreSQL would cut it, and change another role. Write the name as the server has it.',
    );
  if (users.some((user) => user === '' || user.includes('\0')) || more.length > 0)
    throw new ConfigFailure('rot-principal is no name of a user', 'Write one user, or two as app_a|app_b.');
  if (strategy === 'single' && other === undefined) return [one];
  if (strategy === 'alternating' && other !== undefined && other !== one) return [one, other];
  throw new ConfigFailure(
    strategy === 'single'
      ? 'rot-principal names two users, and strategy=single is for one'
      : 'rot-principal names one user, and strategy alternating takes two',
    'Write two users that may do the same, app_a|app_b; or one and strategy=single in rot-policy, which has a short outage.',
  );
}

/** The user that a credential is for. One that hsmkeep did not set yet is the first one's. */
const userOf = ({ users }: PostgresSpec, { slot }: Pick<Held, 'slot'>): string => users.find((user) => user === slot) ?? users[0];

/** Does work with the right to change the users. @throws {TargetError} with a word about rot-admin when it is not let in. */
async function asAdmin<T>(context: ProviderContext, spec: PostgresSpec, work: (session: PostgresSession) => Promise<T>): Promise<T> {
  const { published } = context;
  const self: DatabaseLogin | undefined = published && { user: userOf(spec, published), password: published.value };
  return withAdmin(context, self, async (login) => {
    let isIn = false;
    try {
      return await withPostgres(context, spec.target, login, (session) => {
        isIn = true;
        return work(session);
      });
    } catch (error) {
      if (isIn || !(error instanceof TargetError) || !isRefusedLogin(error.failure)) throw error;
      throw new TargetError({
        kind: 'denied',
        code: error.failure.code,
        hint: 'The login that rot-admin names is not accepted by the target. Compare that secret with the server.',
      });
    }
  });
}

/** Whether the role's mark says that its password is from another rotation than this. A role without one tells nothing. */
async function isOtherRotation(context: ProviderContext, spec: PostgresSpec, held: Held, rotationId: string): Promise<boolean> {
  if (spec.self) return false;
  const { marker } = await asAdmin(context, spec, (session) => readRole(session, userOf(spec, held)));
  return marker !== null && marker !== rotationId;
}

/** Logs in as a consumer does. A failed login costs nothing here: PostgreSQL locks no account. @throws {TargetError} */
async function tryLogin(context: ProviderContext, spec: PostgresSpec, held: Held): Promise<Liveness> {
  const login = { user: userOf(spec, held), password: held.value };
  try {
    const [row] = await withPostgres(context, spec.target, login, (session) =>
      session.query<{ session_user: string }>('SELECT session_user::text'),
    );
    return row?.session_user === login.user ? 'live' : 'not-live';
  } catch (error) {
    if (error instanceof TargetError && isRefusedLogin(error.failure)) return 'not-live';
    throw error;
  }
}

/** Ends a credential, unless it has ended already or its user has another one that is kept. */
async function end(context: ProviderContext, spec: PostgresSpec, old: Held, keep: readonly Held[]): Promise<void> {
  const user = userOf(spec, old);
  if (keep.some((kept) => userOf(spec, kept) === user)) return;
  const isOver = (await tryLogin(context, spec, old)) === 'not-live';
  if (isOver && !context.endSessions) return;
  await asAdmin(context, spec, async (session) => {
    if (!isOver)
      await session.transaction(async () => {
        await lockRole(session, user);
        await readRole(session, user);
        await forbidLogin(session, user);
      });
    if (context.endSessions) await endSessions(session, user);
  });
}
