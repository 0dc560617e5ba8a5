import { createHmac } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { parseDocument } from '../domain/documents.ts';
import { attempted, type QueuedNotice } from '../domain/notices.ts';
import { redact } from '../domain/redact.ts';
import type { BlobStore } from './blob-store.ts';
import type { Clients } from './clients.ts';

/** Where notices wait: `outbox/<id>.<endpoint>.json`. What nobody would take lies in `undelivered/` in the end. */
export const OUTBOX = 'outbox/';
const UNDELIVERED = 'undelivered/';

const SEND_MS = 10_000;
/** An endpoint that did not answer is not asked again for so long by this process: a dead one must hold up nothing. */
const REST_MS = 60_000;
const restsUntil = new Map<string, number>();

/** `waiting`: not due yet, or another app has it. `why`: in our words, without an address. */
export type Delivery = Readonly<{ status: 'delivered' | 'waiting' } | { status: 'failed'; why: string }>;

/** Stores a notice before it is sent. Idempotent. @returns Its path. */
export async function queueNotice(store: BlobStore, notice: QueuedNotice): Promise<string> {
  const path = `${OUTBOX}${notice.body.id}.${notice.endpoint.replace(/[^\w-]/g, '_')}.json`;
  await store.write(path, JSON.stringify(notice), { ifAbsent: true });
  return path;
}

/**
 * Sends one notice and removes it when it was taken. It is marked first, so that a crash sends it again later, and another app not at once.
 *
 * @param now ISO 8601 UTC.
 */
export async function deliver(clients: Clients, path: string, now: string): Promise<Delivery> {
  const { documents, config } = clients;
  const document = await documents.read(path);
  if (!document) return { status: 'delivered' };
  const notice = parseDocument<QueuedNotice>(document.text, 'hsmkeep.notice/1', path);
  const endpoint = config.notify.find(({ name }) => name === notice.endpoint);
  if (!endpoint) return giveUp(clients, path, 'its endpoint is no longer configured');
  if (notice.nextAt > now || (restsUntil.get(endpoint.name) ?? 0) > performance.now()) return { status: 'waiting' };

  const marked = await documents.write(path, JSON.stringify(attempted(notice, now)), { ifMatch: document.etag });
  if (marked.status === 'changed') return { status: 'waiting' };
  const why = await send(clients, endpoint, notice, now);
  if (why !== undefined) {
    restsUntil.set(endpoint.name, performance.now() + REST_MS);
    return { status: 'failed', why };
  }
  restsUntil.delete(endpoint.name);
  await documents.remove(path);
  return { status: 'delivered' };
}

/** Puts a notice aside. */
export async function giveUp({ documents }: Clients, path: string, why: string): Promise<Delivery> {
  const document = await documents.read(path);
  if (document) await documents.write(path.replace(OUTBOX, UNDELIVERED), document.text);
  await documents.remove(path);
  return { status: 'failed', why };
}

/** @returns Why it was not taken; undefined when it was. */
async function send(
  { referenced }: Clients,
  { url, signingKey }: Config['notify'][number],
  { body }: QueuedNotice,
  now: string,
): Promise<string | undefined> {
  const text = JSON.stringify(body);
  try {
    const signature = signingKey === undefined ? {} : await signed(await referenced(signingKey), body.id, now, text);
    const headers = { 'content-type': 'application/json', ...signature };
    const answer = await fetch(url, { method: 'POST', headers, body: text, redirect: 'manual', signal: AbortSignal.timeout(SEND_MS) });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answered ${answer.status}`;
  } catch (error) {
    // The texts of fetch and of SDKs may hold the address, which may hold a key.
    return `no answer (${redact(error instanceof Error ? error.name : 'unknown')})`;
  }
}

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
async function signed(key: Awaited<ReturnType<Clients['referenced']>>, id: string, now: string, text: string) {
  const timestamp = String(Math.floor(Date.parse(now) / 1000));
  const mac = key.use((plain) => {
    const bytes = plain.startsWith('whsec_') ? Buffer.from(plain.slice('whsec_'.length), 'base64') : Buffer.from(plain);
    return createHmac('sha256', bytes).update(`${id}.${timestamp}.${text}`).digest('base64');
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}
