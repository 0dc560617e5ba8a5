import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ESCROW_VAULT } from '../support/app-stack.ts';
import { FIRST, GENERATED, type RotationStack, startRotations, told, VAULT } from '../support/rotations.ts';

let { stack, receiver, kv, stop } = {} as RotationStack;
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations({ vault: { maxValidityDays: 200 }, timers: false }));
});
afterAll(() => stop?.());
afterEach(() => stack.emulator.control.clearFaults());

describe('a rotation', () => {
  test('stores a new value before it is used, publishes it with every tag, and keeps the old one for its grace', async () => {
    const first = await kv.secrets.setSecret('app-key', FIRST, { tags: GENERATED, contentType: 'text/plain' });
    const run = await kv.rotate('app-key');
    expect(run, told(run)).toMatchObject({ kind: 'rotation', subject: 'contoso-kv.app-key', status: 'Completed' });
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Escrow', 'Apply', 'Publish', 'Confirm']);
    expect(run.result).toMatchObject({ secret: 'contoso-kv/app-key', outcome: 'rotated', reason: 'a test' });

    const current = await kv.secrets.getSecret('app-key');
    expect(current.value).toMatch(/^[\w-]{40}$/);
    expect(current.properties).toMatchObject({
      version: run.result?.['version'],
      contentType: 'text/plain',
      tags: {
        ...GENERATED,
        'rot-id': run.result?.['rotationId'],
        'rot-base': first.properties.version,
        'rot-grace-until': run.result?.['graceUntil'],
      },
    });
    const days = (Number(current.properties.expiresOn) - Number(current.properties.createdOn)) / 86_400_000;
    expect(days).toBeGreaterThan(83);
    expect(days).toBeLessThanOrEqual(90.1);
    expect((await kv.entriesOf('app-key')).map(({ tags }) => tags?.['rot-state'])).toEqual(['published']);
  });

  test('within the grace of another is refused to a person, who is told until when', async () => {
    await kv.secrets.setSecret('hasty', FIRST, { tags: GENERATED });
    const first = await kv.rotate('hasty');
    expect(first.status, told(first)).toBe('Completed');

    const again = await kv.rotate('hasty');
    expect(again, JSON.stringify(again)).toMatchObject({ status: 'Failed' });
    expect(again.id).not.toBe(first.id);
    expect(again.steps.at(-1)).toMatchObject({
      message: expect.stringContaining('still in its grace until'),
      hint: expect.stringContaining('compromise'),
    });
    expect(await kv.versionsOf('hasty')).toHaveLength(2);
  });

  test('after a compromise waits for no grace and ends the old value at once', async () => {
    await kv.makeHooked('leaked');
    await kv.rotate('leaked');
    const exposed = (await kv.secrets.getSecret('leaked')).value ?? '';
    const run = await kv.rotate('leaked', { reason: 'seen in a log', mode: 'compromise' });
    expect(run.status, told(run)).toBe('Completed');
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Escrow', 'Apply', 'Publish', 'Confirm', 'Retire', 'Close']);
    const { value = '' } = await kv.secrets.getSecret('leaked');
    expect([...receiver.accepted]).toEqual([value]);
    expect(value).not.toBe(exposed);
  });

  test('costs at most 12 requests to the vaults until it rests, two of which create', async () => {
    await kv.secrets.setSecret('counted', FIRST, { tags: GENERATED });
    const before = (await stack.emulator.control.requests()).length;
    await kv.rotate('counted');
    const asked = (await stack.emulator.control.requests())
      .slice(before)
      // The sweep may look at other secrets meanwhile.
      .filter(({ path }) => /^\/secrets\/.*\bcounted\b/.test(path));
    expect(asked.filter(({ method, status }) => method === 'PUT' && status === 200)).toHaveLength(2);
    expect(asked.length, asked.map(({ method, path, status }) => `${method} ${path} ${status}`).join('\n')).toBeLessThanOrEqual(12);
  });

  test('of a target keeps the old value working until the grace is over', async () => {
    await kv.makeHooked('db');
    const run = await kv.rotate('db');
    expect(run.status, told(run)).toBe('Completed');
    const { value = '' } = await kv.secrets.getSecret('db');
    expect([...receiver.accepted].sort()).toEqual([FIRST, value].sort());
    expect(kv.applied('db')).toBe(1);
  });

  test('of a target with one password replaces and publishes it in one go', async () => {
    await kv.makeHooked('single', 'strategy=single');
    const run = await kv.rotate('single');
    expect(
      run.steps.map(({ name }) => name),
      told(run),
    ).toEqual(['Lock', 'Escrow', 'Apply', 'Confirm']);
    expect([...receiver.accepted]).toEqual([(await kv.secrets.getSecret('single')).value]);
  });

  test('puts no value into histories, runs, answers or the log, not even when its target fails', async () => {
    await kv.makeHooked('quiet');
    receiver.answerNext('verify', 500, { message: FIRST });
    receiver.loseNext('apply');
    const run = await kv.rotate('quiet');
    const { value = '' } = await kv.secrets.getSecret('quiet');
    expect(value).not.toBe(FIRST);

    const answers = await Promise.all(['/secrets', `/secrets/${VAULT}/quiet`, `/runs/${run.id}`].map((path) => stack.api(path)));
    const files = readdirSync(stack.hostData, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const histories = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
    expect(histories.join(''), 'the place to look is the right one').toContain(run.id);
    const persisted = [...histories, stack.hostLog(), ...answers.map(({ text }) => text)].join('\n');
    for (const secret of [value, FIRST, receiver.key]) expect(persisted).not.toContain(secret);
  });
});

describe('a rotation that meets trouble', () => {
  test('whose answer was lost asks the target, and sends nothing twice', async () => {
    await kv.makeHooked('lost');
    receiver.loseNext('apply');
    const run = await kv.rotate('lost');
    expect(run.status, told(run)).toBe('Completed');
    expect(kv.applied('lost')).toBe(1);
    expect(await kv.entriesOf('lost')).toHaveLength(1);
  });

  test('whose target refuses the value makes another, once the first is proven dead', async () => {
    await kv.makeHooked('picky');
    receiver.answerNext('apply', 422, { regenerate: true });
    const run = await kv.rotate('picky');
    expect(run.status, told(run)).toBe('Completed');
    expect((await kv.entriesOf('picky')).map(({ tags }) => tags?.['rot-state']).sort()).toEqual(['dead', 'published']);
  });

  test('whose target forbids it stops with the hint, and goes on with the same value later', async () => {
    await kv.makeHooked('barred');
    receiver.answerNext('apply', 403);
    const run = await kv.rotate('barred');
    expect(run.steps.at(-1)).toMatchObject({
      status: 'Failed',
      message: expect.stringContaining('Status403'),
      hint: expect.stringContaining('signing key'),
    });
    expect((await kv.secrets.getSecret('barred')).value).toBe(FIRST);

    const again = await kv.rotate('barred');
    expect(again.status, told(again)).toBe('Completed');
    expect(await kv.entriesOf('barred')).toHaveLength(1);
  });

  test('finds that the published value does not work publishes the one that does', async () => {
    await kv.makeHooked('mended');
    await kv.secrets.setSecret('mended', 'a value that somebody mistyped', { tags: kv.hooked() });
    const run = await kv.rotate('mended');
    expect(run.result, told(run)).toMatchObject({ outcome: 'repaired' });
    expect((await kv.secrets.getSecret('mended')).value).toBe(FIRST);
  });

  test('finds that nothing works changes nothing', async () => {
    await kv.makeHooked('hopeless');
    receiver.accepted.clear();
    const run = await kv.rotate('hopeless');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining('is accepted by its target') });
    expect(await kv.versionsOf('hopeless')).toHaveLength(1);
  });

  test.each([
    ['a target that is not allowed', { 'rot-target': 'https://evil.example/rotate' }, 'not among the "targets"'],
    ['an admin secret of elsewhere', { 'rot-admin': 'other-kv/root' }, 'not among the "targets"'],
    ['a validity that the vault does not allow', { 'rot-policy': 'every=300d' }, 'maxValidityDays'],
    ['a provider that there is not', { 'rot-provider': 'magic' }, 'no provider magic'],
    ['a policy that contradicts itself', { 'rot-policy': 'every=10d;grace=7d' }, 'twice grace'],
  ])('whose tags name %s does nothing', async (_what, tags, message) => {
    await kv.secrets.setSecret('pointed', FIRST, { tags: { ...kv.hooked(), ...tags } });
    const run = await kv.rotate('pointed');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining(message) });
    expect(receiver.actionsFor('pointed')).toEqual([]);
    expect(await kv.entriesOf('pointed')).toHaveLength(0);
  });

  test('whose vault cannot be written stops before the target is touched', async () => {
    await kv.makeHooked('frozen');
    const body = { error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByRbac' } } };
    await stack.emulator.control.fault({
      match: { host: ESCROW_VAULT, method: 'PUT', path: '/secrets/*' },
      times: 99,
      action: 'answer',
      status: 403,
      body,
    });
    const run = await kv.rotate('frozen');
    expect(run.steps.at(-1)).toMatchObject({ status: 'Failed', message: expect.stringContaining('ForbiddenByRbac') });
    expect(receiver.actionsFor('frozen')).not.toContain('apply');
  });

  test('whose vault answers 429 for a while goes on when that is over', async () => {
    await kv.makeHooked('throttled');
    await stack.emulator.control.fault({ match: { method: '*', path: '/secrets/*' }, times: 8, action: 'answer', status: 429, body: {} });
    const run = await kv.rotate('throttled');
    expect(run.status, told(run)).toBe('Completed');
  });
});

describe('the API of secrets', () => {
  const manage = (name: string, body: object, as = 'root') =>
    stack.api(`/secrets/${VAULT}/${name}/management`, { method: 'PUT', as, body });

  test('lists managed and unmanaged secrets, never an escrow entry', async () => {
    await kv.secrets.setSecret('nobodys', 'x');
    await kv.secrets.setSecret('listed', FIRST, { tags: GENERATED });
    const run = await kv.rotate('listed');
    const { body } = await stack.api('/secrets');
    const byName = new Map(body.value.map((one: { name: string }) => [one.name, one]));
    expect(byName.get('nobodys')).toMatchObject({ vault: VAULT, state: 'unmanaged', provider: null, owner: null, lastResult: null });
    expect(byName.get('listed')).toMatchObject({
      state: 'in-grace',
      provider: 'generated',
      rotation: 'on',
      owner: 'team',
      lastResult: { run: run.id, status: 'Completed', outcome: 'rotated', endedAt: run.endedAt },
    });
    expect([...byName.keys()].filter((name) => String(name).includes('--pending'))).toEqual([]);
    expect(body.problems).toEqual([]);
  });

  test('shows one with its versions', async () => {
    await kv.secrets.setSecret('shown', FIRST, { tags: GENERATED });
    const run = await kv.rotate('shown');
    const { body } = await stack.api(`/secrets/${VAULT}/shown`);
    expect(body).toMatchObject({ secret: { name: 'shown', state: 'in-grace', lastResult: { run: run.id } }, tags: { owner: 'team' } });
    expect(body.versions).toHaveLength(2);
  });

  test('has a secret managed after it was seen to work, without rotating it', async () => {
    receiver.accepted.add('hers');
    await kv.secrets.setSecret('adopted', 'hers', { tags: { owner: 'team' } });
    const wanted = { provider: 'webhook', target: receiver.url, admin: `${VAULT}/hook-key`, policy: 'every=90d' };
    expect((await manage('adopted', { ...wanted, dryRun: true })).body).toMatchObject({ managed: false });
    expect((await kv.secrets.getSecret('adopted')).properties.tags).toEqual({ owner: 'team' });

    expect((await manage('adopted', wanted)).body).toMatchObject({ managed: true });
    const { value, properties } = await kv.secrets.getSecret('adopted');
    expect(value).toBe('hers');
    expect(properties.tags).toMatchObject({ owner: 'team', 'rot-provider': 'webhook', 'rot-policy': 'every=90d' });
    expect((await stack.api(`/secrets/${VAULT}/adopted`)).body.secret).toMatchObject({ state: 'fresh' });
  });

  test.each([
    ['a value that does not work on the target', { policy: 'every=90d' }, 'the current value works'],
    ['a policy that is none', { policy: 'every=soon' }, 'every must be'],
    ['a target that is not allowed', { target: 'https://evil.example' }, 'not among'],
  ])('does not manage one with %s', async (_what, changes, told) => {
    await kv.secrets.setSecret('refused', 'does not work', { tags: {} });
    const answer = await manage('refused', { provider: 'webhook', target: receiver.url, admin: `${VAULT}/hook-key`, ...changes });
    expect(answer.body, answer.text).toMatchObject({ status: 409, detail: expect.stringContaining(told) });
    expect((await kv.secrets.getSecret('refused')).properties.tags ?? {}).toEqual({});
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
