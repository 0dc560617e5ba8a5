import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import type { Tags } from '../../src/domain/rotation/tags.ts';
import { webhook } from '../../src/providers/webhook.ts';
import { describeProviderContract, managementOf, providerContext } from '../support/provider-contract.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const tagsFor = (url: string, more: Tags = {}): Tags => ({
  'rot-provider': 'webhook',
  'rot-target': url,
  'rot-admin': 'contoso-kv/hook-key',
  ...more,
});

describeProviderContract(webhook, async () => {
  const receiver = await startWebhookReceiver('first');
  return {
    tags: tagsFor(receiver.url),
    first: 'first',
    admin: receiver.key,
    accepts: async (_slot, value) => receiver.accepted.has(value),
    loseNextAnswer: async () => receiver.loseNext('apply'),
    stop: receiver.stop,
  };
});

describe('a webhook', () => {
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await startWebhookReceiver('first');
  });
  afterAll(() => receiver?.stop());

  const setup = (admin?: string) => {
    const management = managementOf(tagsFor(receiver.url));
    return { context: providerContext(management, { ...(admin !== undefined && { admin }) }), spec: webhook.parse(management) };
  };
  const candidate = { rotationId: 'r1', slot: '', value: new Sensitive('canary') };
  const failure = async (work: Promise<unknown>) => webhook.classify(await work.catch((error: unknown) => error));

  test.each([['http://db.contoso.net/rotate'], ['https://user:pass@db.contoso.net/rotate'], ['db.contoso.net'], ['']])(
    'at %s is refused',
    (target) => {
      expect(() => webhook.parse(managementOf(tagsFor(target)))).toThrow('rot-target');
    },
  );

  test('of a strategy that it cannot have is refused', () => {
    expect(() => webhook.parse(managementOf(tagsFor(receiver.url, { 'rot-policy': 'strategy=issued' })))).toThrow('strategy');
    expect(webhook.parse(managementOf(tagsFor(receiver.url, { 'rot-policy': 'strategy=single' })))).toMatchObject({ strategy: 'single' });
  });

  test('without a signing key, or with another, does nothing', async () => {
    for (const [admin, kind] of [
      [undefined, 'config'],
      ['another key', 'denied'],
    ] as const) {
      const { context, spec } = setup(admin);
      expect(await failure(webhook.apply(context, spec, candidate, []))).toMatchObject({ kind });
    }
    expect(receiver.accepted.has('canary')).toBe(false);
  });

  test.each([
    [422, { regenerate: true }, { kind: 'rejected', regenerate: true }],
    [422, {}, { kind: 'rejected', regenerate: false }],
    [429, {}, { kind: 'throttled', retryAfterMs: 7000 }],
    [403, {}, { kind: 'denied' }],
    [410, {}, { kind: 'gone' }],
    [500, {}, { kind: 'unknown-outcome' }],
    [302, {}, { kind: 'config' }],
    [400, { message: 'canary' }, { kind: 'config' }],
  ])('that answers %i %j failed in a way that is told without its text', async (status, body, expected) => {
    const { context, spec } = setup(receiver.key);
    receiver.answerNext('apply', status, body, { 'retry-after': '7' });
    const found = await failure(webhook.apply(context, spec, candidate, []));
    expect(found).toMatchObject(expected);
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  test.each([
    [200, { liveness: 'perhaps' }],
    [200, 'no object'],
    [503, {}],
    [429, {}],
  ])('that answers a probe with %i %j has said nothing', async (status, body) => {
    const { context, spec } = setup(receiver.key);
    receiver.answerNext('probe', status, body);
    expect(await webhook.probe(context, spec, candidate)).toBe('unknown');
  });

  test('may tell what it checks before a secret is managed', async () => {
    const { context, spec } = setup(receiver.key);
    receiver.answerNext('preflight', 200, { checks: [{ check: 'admin can log in', ok: false }, null] });
    expect(await webhook.preflight(context, spec)).toEqual([
      { check: 'admin can log in', ok: false },
      { check: 'check', ok: false },
    ]);
  });
});
