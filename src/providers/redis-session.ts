import type { Failure, ProviderContext } from './contract.ts';
import type { DatabaseLogin, DatabaseTarget } from './database-target.ts';
import { asUnknownOutcome, networkFailure, TargetError } from './target-error.ts';

/** A connection to one server, logged in. Values that are sent never return in an error. */
export type RedisSession = Readonly<{
  /** @throws {TargetError} */
  ask(command: readonly string[]): Promise<unknown>;
  /** The same for what changes something: when no answer comes, it may have. @throws {TargetError} */
  change(command: readonly string[]): Promise<unknown>;
}>;

const CONNECT_DEADLINE_MS = 10_000;
const ANSWER_DEADLINE_MS = 10_000;

/** The longest time after which something that was sent may still take effect. */
export const REDIS_WINDOW_MS = CONNECT_DEADLINE_MS + ANSWER_DEADLINE_MS;

/** Logs in, does the work, and hangs up. @throws {TargetError} or what the work throws. */
export async function withRedis<T>(
  { signal }: Pick<ProviderContext, 'signal'>,
  { host, port, tls }: Pick<DatabaseTarget, 'host' | 'port' | 'tls'>,
  { user, password }: DatabaseLogin,
  work: (session: RedisSession) => Promise<T>,
): Promise<T> {
  const { createClient } = await import('@redis/client');
  const client = createClient({
    username: user,
    password: password.use((plain) => plain),
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
    socket: {
      host,
      port,
      connectTimeout: CONNECT_DEADLINE_MS,
      // What is lost is for the rotation to find out, not for the driver.
      reconnectStrategy: false,
      ...(tls && { tls: true as const, servername: host }),
    },
  });
  // An error that nobody waits for is told by the next command.
  client.on('error', () => undefined);
  const within = <Answer>(answer: Promise<Answer>, meaning?: (failure: Failure) => Failure) => told(answer, signal, meaning);
  try {
    await within(client.connect());
    return await work({
      ask: (command) => within(client.sendCommand([...command])),
      change: (command) => within(client.sendCommand([...command]), asUnknownOutcome),
    });
  } finally {
    client.destroy();
  }
}

/** Waits for an answer, but not for ever; what the driver throws is replaced by what it means. */
async function told<T>(answer: Promise<T>, signal: AbortSignal, meaning = (failure: Failure): Failure => failure): Promise<T> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_DEADLINE_MS)]);
  const late = new Promise<never>((_, reject) => {
    patience.addEventListener('abort', () => reject({ code: 'ETIMEDOUT' }), { once: true });
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw new TargetError(meaning(redisFailure(error)));
  }
}

const DENIED_ADMIN = 'The login of rot-admin needs +acl|getuser +acl|setuser +acl|save +config|rewrite +info (which makes it root).';
/** The first word of an error reply is its code; its text may repeat what was sent. */
const REPLIES: Readonly<Record<string, Failure>> = {
  WRONGPASS: { kind: 'denied', code: 'WRONGPASS', hint: 'The server refuses the login: check the secret that rot-admin names.' },
  NOAUTH: { kind: 'denied', code: 'NOAUTH', hint: 'The server refuses the login: check the secret that rot-admin names.' },
  NOPERM: { kind: 'denied', code: 'NOPERM', hint: DENIED_ADMIN },
  READONLY: { kind: 'read-only', code: 'READONLY', hint: 'rot-target is a replica: name the primary.' },
  LOADING: { kind: 'transient', code: 'LOADING' },
  BUSY: { kind: 'transient', code: 'BUSY' },
  MASTERDOWN: { kind: 'transient', code: 'MASTERDOWN' },
  ERR: {
    kind: 'config',
    code: 'ERR',
    hint: 'The server does not take the command: it may be too old (ACLs need Redis 6), or have it renamed.',
  },
};

/** What an error of the driver means, without a word of it. */
export function redisFailure(error: unknown): Failure {
  const { code, message, cause } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    message?: unknown;
    cause?: { code?: unknown };
  };
  const network = networkFailure(code) ?? networkFailure(cause?.code);
  if (network) return network;
  const word = /^[A-Z]+(?= |$)/.exec(typeof message === 'string' ? message : '')?.[0] ?? '';
  const reply = Object.hasOwn(REPLIES, word) ? REPLIES[word] : undefined;
  return reply ?? { kind: 'transient', code: 'ConnectionLost' };
}

/** Whether a server said that it does not take a login, as opposed to saying nothing. */
export const isLoginRefused = (error: unknown): boolean =>
  error instanceof TargetError && ['WRONGPASS', 'NOAUTH'].includes(error.failure.code);
