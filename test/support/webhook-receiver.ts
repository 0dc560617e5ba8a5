import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Asked = Readonly<{
  action: string;
  rotationId: string;
  secret: Readonly<{ name: string }>;
  value?: string;
  keep?: readonly string[];
  strategy: string;
}>;

/** The receiving end of the provider `webhook`, as its users write it: keeps a set of accepted passwords. */
export type WebhookReceiver = Readonly<{
  url: string;
  key: string;
  /** What it accepts for every secret that has no account of its own. */
  accepted: Set<string>;
  /** Gives a secret an account of its own; resolves to what that accepts. */
  openAccount(secret: string, first: string): Set<string>;
  accountOf(secret: string): ReadonlySet<string>;
  /** Every value that it was ever sent. */
  seen: ReadonlySet<string>;
  /** What it was asked to do, in order. */
  actions: string[];
  /** What it was asked to do for one secret; the sweep may be busy with others. */
  actionsFor(secret: string): string[];
  /** How often it took a value for a secret. */
  changesFor(secret: string): number;
  /** What is planned from now on is for this secret's requests only. */
  focusOn(secret: string): void;
  /** Answers the next request of an action with a status (and body) in place of doing it. */
  answerNext(action: string, status: number, body?: unknown, headers?: Readonly<Record<string, string>>): void;
  /** Does the next request of an action and cuts the connection. */
  loseNext(action: string): void;
  /** Has something done before the next request of an action for a secret is answered. */
  beforeNext(secret: string, action: string, work: () => Promise<unknown>): void;
  stop(): Promise<void>;
}>;

export async function startWebhookReceiver(first: string): Promise<WebhookReceiver> {
  const key = 'the signing key of this test';
  const accepted = new Set([first]);
  const actions: string[] = [];
  const bySecret = new Map<string, string[]>();
  const accounts = new Map<string, Set<string>>();
  const seen = new Set<string>();
  const changes = new Map<string, number>();
  const before: { secret: string; action: string; work: () => Promise<unknown> }[] = [];
  let focus: string | undefined;
  const planned: { action: string; secret: string | undefined; respond: (response: ServerResponse, act: () => unknown) => void }[] = [];

  const accountFor = ({ secret }: Asked): Set<string> => accounts.get(secret.name) ?? accepted;

  const act = (asked: Asked): unknown => {
    const { action, value = '', keep = [], strategy } = asked;
    const account = accountFor(asked);
    if (action === 'probe') return { liveness: account.has(value) ? 'live' : 'not-live' };
    if (action === 'apply') for (const known of [...account]) if (strategy === 'single' || !keep.includes(known)) account.delete(known);
    if (action === 'apply') {
      account.add(value);
      changes.set(asked.secret.name, (changes.get(asked.secret.name) ?? 0) + 1);
    }
    if (action === 'retire' || action === 'discard') account.delete(value);
    return {};
  };

  const server = createServer(async (request, response) => {
    const body = await read(request);
    if (!isSigned(request, body, key)) return void response.writeHead(401).end();
    const asked = JSON.parse(body) as Asked;
    actions.push(asked.action);
    bySecret.set(asked.secret.name, [...(bySecret.get(asked.secret.name) ?? []), asked.action]);
    for (const value of [asked.value, ...(asked.keep ?? [])]) if (value) seen.add(value);
    const due = before.findIndex(({ action, secret }) => action === asked.action && secret === asked.secret.name);
    if (due >= 0) await before.splice(due, 1)[0]?.work();
    const index = planned.findIndex(({ action, secret }) => action === asked.action && (secret ?? asked.secret.name) === asked.secret.name);
    const [plan] = index < 0 ? [] : planned.splice(index, 1);
    if (plan) return plan.respond(response, () => act(asked));
    if (asked.action === 'verify' && !accountFor(asked).has(asked.value ?? '')) return void response.writeHead(500).end();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(act(asked)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rotate`,
    key,
    accepted,
    openAccount(secret, value) {
      const account = new Set([value]);
      accounts.set(secret, account);
      return account;
    },
    accountOf: (secret) => accounts.get(secret) ?? accepted,
    seen,
    beforeNext: (secret, action, work) => void before.push({ secret, action, work }),
    actions,
    actionsFor: (secret) => bySecret.get(secret) ?? [],
    changesFor: (secret) => changes.get(secret) ?? 0,
    focusOn: (secret) => {
      focus = secret;
    },
    answerNext: (action, status, body, headers = {}) =>
      void planned.push({
        action,
        secret: focus,
        respond: (response) => void response.writeHead(status, headers).end(JSON.stringify(body ?? {})),
      }),
    loseNext: (action) =>
      void planned.push({
        action,
        secret: focus,
        respond: (response, doIt) => {
          doIt();
          response.destroy();
        },
      }),
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function isSigned({ headers }: IncomingMessage, body: string, key: string): boolean {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name] ?? ''));
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
  const given = Buffer.from(signature ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
