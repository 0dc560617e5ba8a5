import { createHash } from 'node:crypto';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import { extractValue, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import { type Candidate, ConfigFailure, type Held, type Liveness, type PreflightCheck, type RotationProvider } from './contract.ts';
import { type DatabaseTarget, parseDatabaseTarget } from './database-target.ts';
import { randomValue } from './random-value.ts';
import { endSessions, infoOf, notPersistent, persist, type RedisNode, type RedisUser, userOn, withNodes } from './redis-nodes.ts';
import { isLoginRefused, REDIS_WINDOW_MS, withRedis } from './redis-session.ts';
import { classifyOurs, isUnanswered, TargetError } from './target-error.ts';

type RedisAclSpec = Readonly<{ target: DatabaseTarget; user: string; format: ValueFormat }>;

const KIND = { schemes: ['rediss', 'redis'], port: 6379, database: '' } as const;
const LONGEST_NAME = 256;

/**
 * Passwords of Redis users (ACL). A user takes the old and the new password until the grace is over, on the primary and on every replica,
 * because Redis does not replicate its users. The servers are sent hashes only, and asked for them to learn what they accept.
 *
 * A replica that is away while its primary is rotated is not known to it, and has the old passwords when it comes back.
 *
 * `rot-target` is `rediss://host:port` of the primary (TLS, unless it is this machine's or says `?tls=off`), `rot-principal` the user,
 * `rot-admin` a secret with a login that may change users: whoever may do that may do everything. Connections that are open stay open when a
 * password ends, except after a compromise: then all of the user end, because they do not tell which password they came with.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
export const redisAcl: RotationProvider<RedisAclSpec> = {
  id: 'redis-acl',
  capabilities: { strategies: ['multi'], origin: 'caller', probes: ['verifier'], targetLock: 'none', applyWindowMs: REDIS_WINDOW_MS },

  parse({ target, principal, admin, policy }) {
    if (policy.strategy !== 'auto' && policy.strategy !== 'multi')
      throw new ConfigFailure(`strategy=${policy.strategy} in rot-policy is none of Redis users`, 'Leave it out, or write multi.');
    // Redis refuses such names, too, but only once it is asked.
    if (principal === '' || principal.length > LONGEST_NAME || /[\s\0]/.test(principal))
      throw new ConfigFailure(
        `rot-principal is no name of a Redis user: 1 to ${LONGEST_NAME} characters without blanks`,
        'ACL USERS lists the names.',
      );
    if (['', 'self', 'mi'].includes(admin))
      throw new ConfigFailure(
        'rot-admin must name a secret with a login that may change users: vault/name',
        'Users cannot change themselves.',
      );
    return { target: parseDatabaseTarget(target, KIND), user: principal, format: policy.format };
  },

  preflight: (context, spec) =>
    withNodes(context, spec.target, async (nodes) => {
      const checked = await Promise.all(nodes.map((node) => checkNode(node, spec.user)));
      return checked.flat();
    }),
  choose: async (_context, { user }, _current, { strategy, base }) => ({ strategy, base, slot: user }),
  generate: async ({ rotationId, management, random }, _spec, { slot }) => {
    const value = randomValue(management.policy, random);
    return { rotationId, slot, value, verifier: hashOf(value) };
  },

  async probe(context, { target, user }, credential) {
    try {
      return await withNodes(context, target, async (nodes) => {
        const known = await Promise.all(nodes.map(async (node) => accepts(await userOn(node, user), hashOf(credential.value))));
        return livenessOf(known, credential);
      });
    } catch (error) {
      if (isUnanswered(error)) return 'unknown';
      throw error;
    }
  },
  apply: (context, { target, user }, { value }, keep) =>
    withNodes(context, target, async (nodes) => {
      // All are looked at before one is changed.
      for (const node of nodes) requireUser(await userOn(node, user), user);
      const hashes = [value, ...keep.map((held) => held.value)].map((one) => `#${hashOf(one)}`);
      // The primary last: where it takes the new password, all of them do.
      for (const node of nodes.toReversed()) await node.session.change(['ACL', 'SETUSER', user, ...hashes]);
      for (const node of nodes) await persist(node);
    }),
  verify: (context, { target, user }, { value }) =>
    withNodes(context, target, async (nodes) => {
      for (const { at } of nodes) await withRedis(context, at, { user, password: value }, async () => undefined).catch(asNotAccepted);
      // Also after a crash between the change and its being written down.
      for (const node of nodes) await persist(node);
    }),
  render: ({ format }, { value }, previous) => renderValue(format, value, previous),
  extract: ({ format }, stored) => extractValue(format, stored),

  async retire(context, spec, { value }, keep) {
    if (isKept(value, keep))
      throw new ConfigFailure('the password to retire is the one in use', 'Look at the versions of the secret: two have the same value.');
    await withNodes(context, spec.target, async (nodes) => {
      await remove(nodes, spec.user, value);
      if (context.endSessions) for (const node of nodes) await endSessions(node, spec.user);
    });
  },
  async discard(context, spec, { value }, keep) {
    if (!isKept(value, keep)) await withNodes(context, spec.target, (nodes) => remove(nodes, spec.user, value));
  },
  classify: classifyOurs,
};

const hashOf = (value: Sensitive): string => value.use((plain) => createHash('sha256').update(plain).digest('hex'));
const isKept = (value: Sensitive, keep: readonly Held[]): boolean => keep.some((kept) => kept.value.equals(value));
const accepts = (user: RedisUser | undefined, hash: string): boolean => user?.on === true && user.hashes.includes(hash);

/** A new password must be on every server; one that is in use counts as such by the primary, whatever a replica has lost. */
function livenessOf([primary = false, ...replicas]: readonly boolean[], credential: Held & Partial<Candidate>): Liveness {
  const isNew = credential.rotationId !== undefined;
  return primary && (!isNew || replicas.every((known) => known)) ? 'live' : 'not-live';
}

/** A name that is not there would make a new user. */
function requireUser(user: RedisUser | undefined, name: string): void {
  if (!user)
    throw new TargetError({
      kind: 'gone',
      code: 'NoSuchUser',
      hint: `A server has no user ${name}: ACL USERS lists them, on each server.`,
    });
  if (user.anyPassword)
    throw new ConfigFailure(
      'the user takes any password (nopass), so a new one would change nothing',
      'ACL SETUSER <user> resetpass, then its password.',
    );
}

async function checkNode(node: RedisNode, name: string): Promise<PreflightCheck[]> {
  const where = `${node.at.host}:${node.at.port}`;
  const user = await userOn(node, name);
  const info = await infoOf(node.session);
  const aclFile = await node.session.ask(['CONFIG', 'GET', 'aclfile']);
  const isKeptOnDisk = (Array.isArray(aclFile) && Boolean(aclFile[1])) || Boolean(info.get('config_file'));
  return [
    {
      check: `${where} has the user, who may log in`,
      ok: user?.on === true,
      hint: 'Redis does not replicate users: make it on each server.',
    },
    {
      check: `${where} asks the user for a password`,
      ok: user?.anyPassword === false,
      hint: 'The user has nopass: ACL SETUSER <user> resetpass.',
    },
    { check: `${where} keeps users over a restart`, ok: isKeptOnDisk, hint: notPersistent().hint },
  ];
}

/** Ends a password wherever it is still taken. Removing one that is not there is an error of Redis's. */
async function remove(nodes: readonly RedisNode[], name: string, value: Sensitive): Promise<void> {
  for (const node of nodes) {
    const user = await userOn(node, name);
    if (user?.hashes.includes(hashOf(value))) await node.session.change(['ACL', 'SETUSER', name, `!${hashOf(value)}`]);
    await persist(node);
  }
}

function asNotAccepted(error: unknown): never {
  if (isLoginRefused(error)) throw new TargetError({ kind: 'transient', code: 'LoginRefused' });
  throw error;
}
