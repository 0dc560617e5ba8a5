import { createHmac, randomUUID } from 'node:crypto';
import type { Strategy } from '../domain/rotation/policy.ts';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import { extractValue, FormatError, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import { ConfigFailure, type Failure, type Held, type Liveness, type ProviderContext, type RotationProvider } from './contract.ts';
import { randomValue } from './random-value.ts';

/** What the receiver is asked to do. All may be sent more than once. */
export type WebhookAction = 'preflight' | 'probe' | 'apply' | 'verify' | 'retire' | 'discard';

/** The JSON that is sent. Values travel in it, hence https and the signature. */
type WebhookRequest = Readonly<{
  action: WebhookAction;
  rotationId: string;
  secret: Readonly<{ vault: string; name: string }>;
  principal: string;
  strategy: Strategy;
  value?: string;
  /** Credentials that must go on working. */
  keep?: readonly string[];
}>;

type WebhookSpec = Readonly<{ url: string; principal: string; strategy: Strategy; format: ValueFormat }>;

/** What the receiver answered, when it was no success. No text of the answer is kept. */
class WebhookError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`the webhook failed: ${failure.code}`);
    this.failure = failure;
  }
}

const DEADLINE_MS = 30_000;
const DEFAULT_PAUSE_MS = 10_000;
const LONGEST_ANSWER_BYTES = 16_384;
const ANSWERS: ReadonlySet<unknown> = new Set(['live', 'not-live', 'unknown']);

/**
 * A target that somebody's own code rotates: every step is a signed POST to it. The escape hatch for what no provider is written for.
 *
 * The tag `rot-target` is its address, `rot-admin` names the secret (`vault/name`) with the signing key. It answers 2xx with JSON:
 * `{"liveness": "live" | "not-live" | "unknown"}` to `probe`, `{"checks": […]}` to `preflight`, anything to the others. 422 with
 * `{"regenerate": true}` refuses a value.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md for the signature
 */
export const webhook: RotationProvider<WebhookSpec> = {
  id: 'webhook',
  capabilities: { strategies: ['multi', 'single'], origin: 'caller', probes: ['metadata'], targetLock: 'none', applyWindowMs: DEADLINE_MS },

  parse({ target, principal, policy }) {
    const strategies: readonly Strategy[] = webhook.capabilities.strategies;
    const strategy = policy.strategy === 'auto' ? webhook.capabilities.strategies[0] : policy.strategy;
    if (!strategies.includes(strategy))
      throw new ConfigFailure(`strategy=${strategy} in rot-policy is none of the webhook's`, `Use one of ${strategies.join(', ')}.`);
    if (!isSafe(target))
      throw new ConfigFailure(
        'rot-target is no https address without credentials',
        'Write https://host/path; plain http goes to this machine only.',
      );
    return { url: target, principal, strategy, format: policy.format };
  },

  async preflight(context, spec) {
    const { checks } = await post(context, spec, 'preflight', {});
    if (!Array.isArray(checks)) return [{ check: 'the webhook answers', ok: true }];
    return checks.map((one: { check?: unknown; ok?: unknown }) => ({
      check: String(one?.check ?? 'check').slice(0, 100),
      ok: one?.ok === true,
    }));
  },
  choose: async (_context, { principal }, _current, { strategy, base }) => ({ strategy, base, slot: principal }),
  generate: async ({ rotationId, management, random }, _spec, { slot }) => ({
    rotationId,
    slot,
    value: randomValue(management.policy, random),
  }),

  async probe(context, spec, { value }) {
    try {
      const { liveness } = await post(context, spec, 'probe', { value });
      return ANSWERS.has(liveness) ? (liveness as Liveness) : 'unknown';
    } catch (error) {
      // No answer is no proof that it is not accepted.
      if (isUnanswered(error)) return 'unknown';
      throw error;
    }
  },
  apply: async (context, spec, { value }, keep) => void (await post(context, spec, 'apply', { value, keep })),
  verify: async (context, spec, { value }) => void (await post(context, spec, 'verify', { value })),
  render: ({ format }, { value }, previous) => renderValue(format, value, previous),
  extract: ({ format }, stored) => extractValue(format, stored),

  async retire(context, spec, { value }, keep) {
    if (keep.some((kept) => kept.value.equals(value)))
      throw new ConfigFailure(
        'the credential to retire is one that is in use',
        'Look at the versions of the secret: two have the same value.',
      );
    await post(context, spec, 'retire', { value, keep });
  },
  async discard(context, spec, { value }, keep) {
    if (keep.some((kept) => kept.value.equals(value))) return;
    await post(context, spec, 'discard', { value, keep });
  },

  classify(thrown) {
    if (thrown instanceof WebhookError) return thrown.failure;
    if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: thrown.hint };
    if (thrown instanceof FormatError)
      return { kind: 'config', code: 'Format', hint: 'Compare the value with format in the tag rot-policy.' };
    return { kind: 'transient', code: 'Unexpected' };
  },
};

type Sent = Readonly<{ value?: Sensitive; keep?: readonly Held[] }>;

/** @throws {WebhookError} for every answer but a success. */
async function post(context: ProviderContext, spec: WebhookSpec, action: WebhookAction, sent: Sent): Promise<Record<string, unknown>> {
  const answer = await send(context, spec, action, sent);
  if (answer.ok) return readJson(answer);
  throw new WebhookError(await failureOf(answer));
}

async function send(context: ProviderContext, spec: WebhookSpec, action: WebhookAction, sent: Sent): Promise<Response> {
  const body = JSON.stringify(requestOf(context, spec, action, sent));
  const headers = { 'content-type': 'application/json', ...(await signature(context, body)) };
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE_MS)]);
  try {
    return await fetch(spec.url, { method: 'POST', body, headers, signal, redirect: 'manual' });
  } catch {
    // Whether it arrived is not known; the error's own text may hold what was sent.
    throw new WebhookError({ kind: 'unknown-outcome', code: 'NoAnswer' });
  }
}

function requestOf(
  { rotationId, secret }: ProviderContext,
  { principal, strategy }: WebhookSpec,
  action: WebhookAction,
  { value, keep }: Sent,
): WebhookRequest {
  return {
    action,
    rotationId,
    secret: { vault: secret.vault, name: secret.name },
    principal,
    strategy,
    ...(value && { value: value.use((plain) => plain) }),
    ...(keep && { keep: keep.map((held) => held.value.use((plain) => plain)) }),
  };
}

async function signature(context: ProviderContext, body: string): Promise<Record<string, string>> {
  const id = randomUUID();
  const timestamp = String(Math.floor(context.now() / 1000));
  return context.admin(async (key) => {
    if (typeof key === 'string')
      throw new ConfigFailure(
        'rot-admin does not name the signing key',
        'Write vault/name of the secret that holds it, known to the receiver too.',
      );
    const signed = key.use((plain) => createHmac('sha256', keyBytes(plain)).update(`${id}.${timestamp}.${body}`).digest('base64'));
    return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signed}` };
  });
}

/** The usual form of such keys is `whsec_` and base64. */
const keyBytes = (key: string): Buffer => (key.startsWith('whsec_') ? Buffer.from(key.slice('whsec_'.length), 'base64') : Buffer.from(key));

async function failureOf(answer: Response): Promise<Failure> {
  const { status } = answer;
  const code = `Status${status}`;
  if (status === 422) return { kind: 'rejected', code, regenerate: (await readJson(answer))['regenerate'] === true };
  if (status === 429) return { kind: 'throttled', code, retryAfterMs: pauseMs(answer.headers.get('retry-after')) };
  if (status === 401 || status === 403)
    return { kind: 'denied', code, hint: 'Check that the receiver has the same signing key, and its clock.' };
  if (status === 404 || status === 410) return { kind: 'gone', code, hint: 'Check the address in the tag rot-target.' };
  if (status >= 500 || status === 408) return { kind: 'unknown-outcome', code };
  return { kind: 'config', code, hint: 'The receiver does not take the request; a redirect is not followed.' };
}

/** An object, empty when the body is something else or too long to be an answer to this. */
async function readJson(answer: Response): Promise<Record<string, unknown>> {
  try {
    const text = await answer.text();
    const value: unknown = text.length > LONGEST_ANSWER_BYTES ? undefined : JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const pauseMs = (header: string | null): number => (header && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : DEFAULT_PAUSE_MS);

const isUnanswered = (error: unknown): boolean =>
  error instanceof WebhookError && ['transient', 'unknown-outcome', 'throttled'].includes(error.failure.kind);

function isSafe(target: string): boolean {
  if (!URL.canParse(target)) return false;
  const { protocol, hostname, username, password } = new URL(target);
  const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && loopback)) && username === '' && password === '';
}
