/**
 * The receiving end of the provider `webhook`, as you would write it for a target of your own: a worked example that runs. It stands on Node
 * alone and shares nothing with hsmkeep. Here the target is a file of accounts, each with hashes of the passwords that it takes; put the
 * calls to your own system in its place, in `actions`.
 *
 * `POST /rotate` takes hsmkeep's requests; `POST /login` with `{"account", "password"}` is what applications do: 204, or 401.
 *
 * Settings, by environment: `SIGNING_KEY` (`whsec_…`), `ACCOUNTS_FILE` (`{"account": ["sha256 of a password"]}`), `PORT`, and
 * `TOLERANCE_SECONDS`, how old a request may be (300).
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What hsmkeep sends. Everything may come twice, so each action must be one that can be done twice. */
type Asked = Readonly<{
  action: string;
  rotationId: string;
  /** The tag `rot-principal`. */
  principal: string;
  strategy: 'multi' | 'single';
  value?: string;
  /** Credentials that must go on working. */
  keep?: readonly string[];
}>;
type Answer = Readonly<{ status: number; body?: unknown }>;
/** Account names with the hashes of the passwords that they take. */
type Accounts = Readonly<Record<string, readonly string[]>>;

const LONGEST_BODY_BYTES = 65_536;
const { SIGNING_KEY = '', ACCOUNTS_FILE = 'accounts.json', PORT = '0', TOLERANCE_SECONDS = '300' } = process.env;
const key = Buffer.from(SIGNING_KEY.replace(/^whsec_/, ''), 'base64');
if (key.length < 24) throw new Error('SIGNING_KEY must be whsec_ and at least 24 bytes as base64.');

const OK: Answer = { status: 200, body: {} };
const hashOf = (password: string): string => createHash('sha256').update(password).digest('hex');

/** What to do on the target for each action, and what to answer. */
const actions: Readonly<Record<string, (asked: Asked, taken: readonly string[]) => Answer>> = {
  preflight: () => ({ status: 200, body: { checks: [{ check: 'the account is there', ok: true }] } }),
  probe: ({ value = '' }, taken) => ({ status: 200, body: { liveness: taken.includes(hashOf(value)) ? 'live' : 'not-live' } }),
  apply({ principal, strategy, value = '', keep = [] }, taken) {
    const kept = strategy === 'single' ? [] : keep.map(hashOf).filter((hash) => taken.includes(hash));
    store(principal, [...kept, hashOf(value)]);
    return OK;
  },
  // Applications log in the same way. 5xx, because hsmkeep is to look again.
  verify: ({ value = '' }, taken) => (taken.includes(hashOf(value)) ? OK : { status: 503 }),
  // What is gone already is a success.
  retire({ principal, value = '' }, taken) {
    store(
      principal,
      taken.filter((hash) => hash !== hashOf(value)),
    );
    return OK;
  },
  discard: (asked, taken) => actions['retire']?.(asked, taken) ?? OK,
};

const server = createServer(async (request, response) => {
  const { status, body } = await answerTo(request).catch(() => ({ status: 500, body: undefined }));
  response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? undefined : JSON.stringify(body));
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${(server.address() as AddressInfo).port}`));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});

async function answerTo(request: IncomingMessage): Promise<Answer> {
  const body = await read(request);
  if (request.method !== 'POST' || body === undefined) return { status: 400 };
  if (request.url === '/login') return logIn(JSON.parse(body));
  if (request.url !== '/rotate') return { status: 404 };
  if (!isSigned(request.headers, body)) return { status: 401 };

  const asked = JSON.parse(body) as Asked;
  const taken = readAccounts()[asked.principal];
  const act = actions[asked.action];
  if (!taken) return { status: 404 };
  return act ? act(asked, taken) : { status: 400 };
}

function logIn({ account, password }: Readonly<{ account: string; password: string }>): Answer {
  return { status: readAccounts()[account]?.includes(hashOf(password)) ? 204 : 401 };
}

/** Over the very bytes that came, before anything is made of them; several signatures may come while a key is replaced. */
function isSigned(headers: IncomingHttpHeaders, body: string): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name] ?? ''));
  // Who has an old request could otherwise set an old password again. Not a number: not fresh.
  const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) <= Number(TOLERANCE_SECONDS);
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
  const isOurs = (signature: string): boolean => {
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  return isFresh && (signatures ?? '').split(' ').some(isOurs);
}

/** Undefined when it is too long. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > LONGEST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readAccounts(): Accounts {
  return JSON.parse(readFileSync(ACCOUNTS_FILE, 'utf8')) as Accounts;
}

/** In one step, so that a crash leaves the old passwords or the new ones. */
function store(account: string, hashes: readonly string[]): void {
  writeFileSync(`${ACCOUNTS_FILE}.new`, JSON.stringify({ ...readAccounts(), [account]: hashes }), { mode: 0o600 });
  renameSync(`${ACCOUNTS_FILE}.new`, ACCOUNTS_FILE);
}
