import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webhook } from '../../../src/providers/webhook.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { describeProviderContract } from '../../support/provider-contract.ts';
import { emptyFolder } from './support.ts';

const SCRIPT = fileURLToPath(new URL('../../../src/local/stack/targets/webhook-receiver.ts', import.meta.url));
const KEY = Buffer.from('the signing key of this test');
const SIGNING_KEY = `whsec_${KEY.toString('base64')}`;

/** The example as somebody runs it, with one account. */
async function startReceiver(first: string) {
  const ACCOUNTS_FILE = join(emptyFolder(), 'accounts.json');
  writeFileSync(ACCOUNTS_FILE, JSON.stringify({ loyalty: [createHash('sha256').update(first).digest('hex')] }));
  const child: ChildProcess = spawn(process.execPath, ['--experimental-strip-types', '--no-warnings', SCRIPT], {
    env: { ...process.env, SIGNING_KEY, ACCOUNTS_FILE },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout as Readable), 'line');
  const port = Number(/\d+$/.exec(String(line))?.[0]);
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers });
  return {
    port,
    post,
    accepts: async (password: string) => (await post('/login', JSON.stringify({ account: 'loyalty', password }))).status === 204,
    /** Sends what hsmkeep sends. */
    async asks(request: object, { key = KEY, ageSeconds = 0, others = '' } = {}): Promise<number> {
      const body = JSON.stringify(request);
      const [id, timestamp] = [randomUUID(), String(Math.floor(Date.now() / 1000) - ageSeconds)];
      const signature = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
      const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `${others}${signature}` };
      return (await post('/rotate', body, headers)).status;
    },
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

describeProviderContract(webhook, async () => {
  const receiver = await startReceiver('first');
  const proxy = await startFaultProxy(receiver.port);
  return {
    tags: {
      'rot-provider': 'webhook',
      'rot-target': `http://127.0.0.1:${proxy.port}/rotate`,
      'rot-principal': 'loyalty',
      'rot-admin': 'contoso-kv/hook-key',
    },
    first: 'first',
    admin: SIGNING_KEY,
    accepts: (_slot, value) => receiver.accepts(value),
    loseNextAnswer: async () => void proxy.dropReplyTo('"action":"apply"'),
    async stop() {
      await proxy.stop();
      await receiver.stop();
    },
  };
});

describe('the example of a webhook receiver', () => {
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  beforeAll(async () => {
    receiver = await startReceiver('first');
  });
  afterAll(() => receiver?.stop());
  const apply = { action: 'apply', principal: 'loyalty', strategy: 'single', value: 'second' };

  test('does nothing for a request that is not signed with its key, or is old', async () => {
    expect(await receiver.asks(apply, { key: Buffer.from('another key of the very same length') })).toBe(401);
    expect(await receiver.asks(apply, { ageSeconds: 301 })).toBe(401);
    expect((await receiver.post('/rotate', JSON.stringify(apply))).status).toBe(401);
    expect(await receiver.accepts('first')).toBe(true);
    expect(await receiver.accepts('second')).toBe(false);
  });

  test('refuses an account that it does not know, an action that it does not know, and what is too long', async () => {
    expect(await receiver.asks({ ...apply, principal: 'nobody' })).toBe(404);
    expect(await receiver.asks({ ...apply, action: 'dance' })).toBe(400);
    expect(await receiver.asks({ ...apply, value: 'x'.repeat(70_000) })).toBe(400);
    expect(await receiver.accepts('first')).toBe(true);
  });

  test('takes one of several signatures, as they come while a key is replaced, and then one password at a time', async () => {
    expect(await receiver.asks(apply, { others: 'v1,bm90IG91cnM= ' })).toBe(200);
    expect(await receiver.accepts('second')).toBe(true);
    expect(await receiver.accepts('first')).toBe(false);
  });
});
