import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, ESCROW_VAULT, startAppStack } from '../support/app-stack.ts';
import { all, servicePrincipal } from '../support/azure-clients.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const VAULT = 'contoso-kv';
const FIRST = 'canary-first-value';
const CONFIG = { owner: 'team', 'rot-provider': 'generated', 'rot-policy': 'every=60d;grace=7d' };

let receiver: WebhookReceiver;
let stack: AppStack;
let client: (vault: string) => SecretClient;
beforeAll(async () => {
  receiver = await startWebhookReceiver(FIRST);
  stack = await startAppStack({ vaults: [VAULT], vault: { targets: [receiver.url], maxValidityDays: 200 } });
  const credential = servicePrincipal(stack.emulator);
  client = (vault) =>
    new SecretClient(stack.emulator.ready.vaults[vault] ?? '', credential, {
      disableChallengeResourceVerification: true,
      tlsOptions: { ca: stack.emulator.ca },
    } as object);
  await client(VAULT).setSecret('hook-key', receiver.key);
});
afterAll(async () => {
  await stack?.stop();
  await receiver?.stop();
});
afterEach(() => stack.emulator.control.clearFaults());

const secrets = () => client(VAULT);
const versionsOf = async (name: string, vault = VAULT) => all(client(vault).listPropertiesOfSecretVersions(name));
const entriesOf = (name: string) => versionsOf(`${VAULT}--${name}--pending`, ESCROW_VAULT);
const hooked = (policy = 'every=60d;grace=7d') => ({
  'rot-provider': 'webhook',
  'rot-target': receiver.url,
  'rot-admin': `${VAULT}/hook-key`,
  'rot-policy': policy,
});
/** A secret whose target is the receiver, which accepts its value and nothing else. */
async function makeHooked(name: string, policy?: string): Promise<void> {
  receiver.accepted.clear();
  receiver.accepted.add(FIRST);
  receiver.actions.length = 0;
  await secrets().setSecret(name, FIRST, { tags: hooked(policy) });
}

async function rotate(name: string, body: object = { reason: 'a test' }): Promise<Run> {
  const stopHurrying = stack.hurry();
  try {
    const answer = await stack.api(`/secrets/${VAULT}/${name}/rotate`, { method: 'POST', body });
    expect(answer.status, answer.text).toBe(202);
    return await stack.runEnd(answer.body.runId);
  } finally {
    await stopHurrying();
  }
}
const told = (run: Run) => JSON.stringify(run.steps.map(({ name, status, message }) => [name, status, message]));

describe('a rotation', () => {
  test('stores a new value before it is used, publishes it with every tag, and keeps the old one for its grace', async () => {
    const first = await secrets().setSecret('app-key', FIRST, { tags: CONFIG, contentType: 'text/plain' });
    const run = await rotate('app-key');
    expect(run, told(run)).toMatchObject({ kind: 'rotation', subject: 'contoso-kv.app-key', status: 'Completed' });
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Escrow', 'Apply', 'Publish', 'Confirm']);
    expect(run.result).toMatchObject({ secret: 'contoso-kv/app-key', outcome: 'rotated', reason: 'a test' });

    const current = await secrets().getSecret('app-key');
    expect(current.value).toMatch(/^[\w-]{40}$/);
    expect(current.properties).toMatchObject({
      version: run.result?.['version'],
      contentType: 'text/plain',
      tags: {
        ...CONFIG,
        'rot-id': run.result?.['rotationId'],
        'rot-base': first.properties.version,
        'rot-grace-until': run.result?.['graceUntil'],
      },
    });
    const days = (Number(current.properties.expiresOn) - Number(current.properties.createdOn)) / 86_400_000;
    expect(days).toBeGreaterThan(83);
    expect(days).toBeLessThanOrEqual(90.1);
    expect((await entriesOf('app-key')).map(({ tags }) => tags?.['rot-state'])).toEqual(['published']);
  });

  test('within the grace of another is refused to a person, who is told until when', async () => {
    const again = await rotate('app-key');
    expect(again.status).toBe('Failed');
    expect(again.steps.at(-1)).toMatchObject({
      message: expect.stringContaining('still in its grace until'),
      hint: expect.stringContaining('compromise'),
    });
    expect(await versionsOf('app-key')).toHaveLength(2);
  });

  test('after a compromise waits for no grace and ends the old value at once', async () => {
    await makeHooked('leaked');
    await rotate('leaked');
    const exposed = (await secrets().getSecret('leaked')).value ?? '';
    const run = await rotate('leaked', { reason: 'seen in a log', mode: 'compromise' });
    expect(run.status, told(run)).toBe('Completed');
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Escrow', 'Apply', 'Publish', 'Confirm', 'Retire', 'Close']);
    const { value = '' } = await secrets().getSecret('leaked');
    expect([...receiver.accepted]).toEqual([value]);
    expect(value).not.toBe(exposed);
  });

  test('costs at most 12 requests to the vaults until it rests, two of which create', async () => {
    await secrets().setSecret('counted', FIRST, { tags: CONFIG });
    const before = (await stack.emulator.control.requests()).length;
    await rotate('counted');
    const asked = (await stack.emulator.control.requests())
      .slice(before)
      .filter(({ path, host }) => path.startsWith('/secrets') && host !== '');
    expect(asked.filter(({ method, status }) => method === 'PUT' && status === 200)).toHaveLength(2);
    expect(asked.length, asked.map(({ method, path, status }) => `${method} ${path} ${status}`).join('\n')).toBeLessThanOrEqual(12);
  });

  test('of a target keeps the old value working until the grace is over', async () => {
    await makeHooked('db');
    const run = await rotate('db');
    expect(run.status, told(run)).toBe('Completed');
    const { value = '' } = await secrets().getSecret('db');
    expect([...receiver.accepted].sort()).toEqual([FIRST, value].sort());
    expect(receiver.actions.filter((action) => action === 'apply')).toHaveLength(1);
  });

  test('of a target with one password replaces and publishes it in one go', async () => {
    await makeHooked('single', 'strategy=single');
    const run = await rotate('single');
    expect(
      run.steps.map(({ name }) => name),
      told(run),
    ).toEqual(['Lock', 'Escrow', 'Apply', 'Confirm']);
    expect([...receiver.accepted]).toEqual([(await secrets().getSecret('single')).value]);
  });

  test('puts no value into runs, answers or the log', async () => {
    await makeHooked('quiet');
    const run = await rotate('quiet');
    const { value = '' } = await secrets().getSecret('quiet');
    const answers = await Promise.all(['/secrets', `/secrets/${VAULT}/quiet`, `/runs/${run.id}`].map((path) => stack.api(path)));
    const persisted = [stack.hostLog(), ...answers.map(({ text }) => text)].join('\n');
    for (const secret of [value, FIRST, receiver.key]) expect(persisted).not.toContain(secret);
  });
});

describe('a rotation that meets trouble', () => {
  test('whose answer was lost asks the target, and sends nothing twice', async () => {
    await makeHooked('lost');
    receiver.loseNext('apply');
    const run = await rotate('lost');
    expect(run.status, told(run)).toBe('Completed');
    expect(receiver.actions.filter((action) => action === 'apply')).toHaveLength(1);
    expect(await entriesOf('lost')).toHaveLength(1);
  });

  test('whose target refuses the value makes another, once the first is proven dead', async () => {
    await makeHooked('picky');
    receiver.answerNext('apply', 422, { regenerate: true });
    const run = await rotate('picky');
    expect(run.status, told(run)).toBe('Completed');
    expect((await entriesOf('picky')).map(({ tags }) => tags?.['rot-state']).sort()).toEqual(['dead', 'published']);
  });

  test('whose target forbids it stops with the hint, and goes on with the same value later', async () => {
    await makeHooked('barred');
    receiver.answerNext('apply', 403);
    const run = await rotate('barred');
    expect(run.steps.at(-1)).toMatchObject({
      status: 'Failed',
      message: expect.stringContaining('Status403'),
      hint: expect.stringContaining('signing key'),
    });
    expect((await secrets().getSecret('barred')).value).toBe(FIRST);

    const again = await rotate('barred');
    expect(again.status, told(again)).toBe('Completed');
    expect(await entriesOf('barred')).toHaveLength(1);
  });

  test('finds that the published value does not work publishes the one that does', async () => {
    await makeHooked('mended');
    await secrets().setSecret('mended', 'a value that somebody mistyped', { tags: hooked() });
    const run = await rotate('mended');
    expect(run.result, told(run)).toMatchObject({ outcome: 'repaired' });
    expect((await secrets().getSecret('mended')).value).toBe(FIRST);
  });

  test('finds that nothing works changes nothing', async () => {
    await makeHooked('hopeless');
    receiver.accepted.clear();
    const run = await rotate('hopeless');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining('is accepted by its target') });
    expect(await versionsOf('hopeless')).toHaveLength(1);
  });

  test.each([
    ['a target that is not allowed', { 'rot-target': 'https://evil.example/rotate' }, 'not among the "targets"'],
    ['an admin secret of elsewhere', { 'rot-admin': 'other-kv/root' }, 'not among the "targets"'],
    ['a validity that the vault does not allow', { 'rot-policy': 'every=300d' }, 'maxValidityDays'],
    ['a provider that there is not', { 'rot-provider': 'magic' }, 'no provider magic'],
    ['a policy that contradicts itself', { 'rot-policy': 'every=10d;grace=7d' }, 'twice grace'],
  ])('whose tags name %s does nothing', async (_what, tags, message) => {
    await secrets().setSecret('pointed', FIRST, { tags: { ...hooked(), ...tags } });
    receiver.actions.length = 0;
    const run = await rotate('pointed');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining(message) });
    expect(receiver.actions).toEqual([]);
    expect(await entriesOf('pointed')).toHaveLength(0);
  });

  test('whose vault cannot be written stops before the target is touched', async () => {
    await makeHooked('frozen');
    const body = { error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByRbac' } } };
    await stack.emulator.control.fault({
      match: { host: ESCROW_VAULT, method: 'PUT', path: '/secrets/*' },
      times: 99,
      action: 'answer',
      status: 403,
      body,
    });
    const run = await rotate('frozen');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining('ForbiddenByRbac') });
    expect(receiver.actions).not.toContain('apply');
  });

  test('whose vault answers 429 for a while goes on when that is over', async () => {
    await makeHooked('throttled');
    await stack.emulator.control.fault({ match: { method: '*', path: '/secrets/*' }, times: 8, action: 'answer', status: 429, body: {} });
    const run = await rotate('throttled');
    expect(run.status, told(run)).toBe('Completed');
  });
});

describe('the API of secrets', () => {
  const manage = (name: string, body: object, as = 'root') =>
    stack.api(`/secrets/${VAULT}/${name}/management`, { method: 'PUT', as, body });

  test('lists managed and unmanaged secrets, never an escrow entry', async () => {
    await secrets().setSecret('nobodys', 'x');
    const { body } = await stack.api('/secrets');
    const byName = new Map(body.value.map((one: { name: string }) => [one.name, one]));
    expect(byName.get('nobodys')).toMatchObject({ vault: VAULT, state: 'unmanaged', provider: null });
    expect(byName.get('app-key')).toMatchObject({ state: 'in-grace', provider: 'generated', rotation: 'on' });
    expect([...byName.keys()].filter((name) => String(name).includes('--pending'))).toEqual([]);
    expect(body.problems).toEqual([]);
  });

  test('shows one with its versions', async () => {
    const { body } = await stack.api(`/secrets/${VAULT}/app-key`);
    expect(body).toMatchObject({ secret: { name: 'app-key', state: 'in-grace' }, tags: { owner: 'team' } });
    expect(body.versions).toHaveLength(2);
  });

  test('has a secret managed after it was seen to work, without rotating it', async () => {
    receiver.accepted.add('hers');
    await secrets().setSecret('adopted', 'hers', { tags: { owner: 'team' } });
    const wanted = { provider: 'webhook', target: receiver.url, admin: `${VAULT}/hook-key`, policy: 'every=90d' };
    expect((await manage('adopted', { ...wanted, dryRun: true })).body).toMatchObject({ managed: false });
    expect((await secrets().getSecret('adopted')).properties.tags).toEqual({ owner: 'team' });

    expect((await manage('adopted', wanted)).body).toMatchObject({ managed: true });
    const { value, properties } = await secrets().getSecret('adopted');
    expect(value).toBe('hers');
    expect(properties.tags).toMatchObject({ owner: 'team', 'rot-provider': 'webhook', 'rot-policy': 'every=90d' });
    expect((await stack.api(`/secrets/${VAULT}/adopted`)).body.secret).toMatchObject({ state: 'fresh' });
  });

  test.each([
    ['a value that does not work on the target', { policy: 'every=90d' }, 'the current value works'],
    ['a policy that is none', { policy: 'every=soon' }, 'every must be'],
    ['a target that is not allowed', { target: 'https://evil.example' }, 'not among'],
  ])('does not manage one with %s', async (_what, changes, told) => {
    await secrets().setSecret('refused', 'does not work', { tags: {} });
    const answer = await manage('refused', { provider: 'webhook', target: receiver.url, admin: `${VAULT}/hook-key`, ...changes });
    expect(answer.body, answer.text).toMatchObject({ status: 409, detail: expect.stringContaining(told) });
    expect((await secrets().getSecret('refused')).properties.tags ?? {}).toEqual({});
  });

  test.each([
    ['GET', '/secrets/nowhere/x', 'carol', 404],
    ['GET', '/secrets/contoso-kv/never-was', 'carol', 404],
    ['POST', '/secrets/nowhere/x/rotate', 'alice', 404],
    ['POST', '/secrets/contoso-kv/x/rotate', 'carol', 403],
    ['PUT', '/secrets/contoso-kv/x/management', 'alice', 403],
    ['PUT', '/secrets/contoso-kv/never-was/management', 'root', 404],
    ['POST', '/secrets/contoso-kv/not_a_name/rotate', 'alice', 400],
  ])('%s %s as %s is %i', async (method, path, as, status) => {
    const body = path.endsWith('rotate') ? { reason: 'a test' } : { provider: 'generated' };
    expect((await stack.api(path, { method, as, ...(method !== 'GET' && { body }) })).status).toBe(status);
  });
});
