import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import { parseManagement } from '../../src/domain/rotation/tags.ts';
import { NotOursError } from '../../src/providers/contract.ts';
import { entraApp } from '../../src/providers/entra-app.ts';
import { emulatedAzure } from '../support/azure-access.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';
import { entraDirectory } from '../support/entra-directory.ts';
import { describeObtainedContract } from '../support/obtained-contract.ts';
import { managementOf, providerContext } from '../support/provider-contract.ts';

const APP = 'contoso-web';
let emulator: TestEmulator;
beforeAll(async () => {
  emulator = await startTestEmulator({ hsms: [], vaults: [], applications: [APP] });
  // Providers take no TLS options: on Azure none are needed, and the host's process is given the emulator's authority.
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await emulator?.stop();
});
afterEach(async () => {
  await emulator.control.clearFaults();
  await emulator.control.graph({});
});

const entra = () => entraDirectory(emulator, APP);
const tags = (more: Record<string, string> = {}) => ({
  'rot-provider': 'entra-app',
  'rot-target': `/applications/${entra().app.id}`,
  ...more,
});
const setup = (name = 'db') => {
  const management = managementOf(tags());
  const context = { ...providerContext(management, { azure: emulatedAzure(emulator) }), secret: { vault: 'contoso-kv', name } };
  return { context, spec: entraApp.parse(management) };
};
const plan = { strategy: 'issued', slot: '', base: 'v1' } as const;

describeObtainedContract(entraApp, async () => ({
  tags: tags({ 'rot-policy': 'format=json:clientSecret' }),
  azure: emulatedAzure(emulator),
  first: async () => JSON.stringify({ clientId: entra().app.clientId, clientSecret: entra().app.clientSecret }),
  accepts: entra().accepts,
  loseNextAnswer: async () => void (await emulator.control.fault({ match: { path: '*/addPassword' }, times: 1, action: 'dropAfter' })),
  stop: async () => {},
}));

describe('a secret of an application', () => {
  test('bears the mark of its rotation and outlives its version and the grace after it', async () => {
    const { context, spec } = setup();
    const { slot } = await entraApp.issue(context, spec, plan);
    const made = (await entra().passwords()).find(({ keyId }) => keyId === slot);
    expect(made?.displayName).toMatch(/^rot:r1:[0-9a-f]{16}$/);
    const days = (Date.parse(made?.endDateTime ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(60 + 30 + 7);
    expect(days).toBeLessThan(60 + 30 + 9);
    await entraApp.revoke(context, spec, slot);
    await entraApp.revoke(context, spec, slot);
  });

  test('is listed as left over unless it is kept, by its id or, where that was lost, by its first letters', async () => {
    const { context, spec } = setup('listed');
    const initial = { slot: '', value: new Sensitive(entra().app.clientSecret) };
    const [one, two] = [await entraApp.issue(context, spec, plan), await entraApp.issue(context, spec, plan)];
    const left = async (...keep: Parameters<typeof entraApp.listIssued>[2]) => (await entraApp.listIssued(context, spec, keep)).toSorted();
    expect(await left(initial), 'foreign ones never').toEqual([one.slot, two.slot].toSorted());
    expect(await left(one)).toEqual([two.slot]);
    expect(await left({ slot: '', value: one.value })).toEqual([two.slot]);
    expect(await entraApp.listIssued(setup('other').context, spec, [initial]), 'of another vault secret').toEqual([]);
    for (const { slot } of [one, two]) await entraApp.revoke(context, spec, slot);
  });

  test('that is new and not known everywhere yet is unknown, not dead', async () => {
    const { context, spec } = setup();
    await emulator.control.graph({ worksAfterMs: 300_000 });
    const made = await entraApp.issue(context, spec, plan);
    expect(await entraApp.probe(context, spec, made)).toBe('unknown');
    const thrown = await entraApp.verify(context, spec, made).catch((error: unknown) => error);
    expect(entraApp.classify(thrown)).toEqual({ kind: 'transient', code: 'NotAcceptedYet' });
    const mistyped = { ...made, value: new Sensitive('another value') };
    expect(await entraApp.probe(context, spec, mistyped), 'of the same id, but not its value').toBe('not-live');
    const later = { ...context, now: () => Date.now() + 3_600_000 };
    expect(await entraApp.probe(later, spec, made), 'after an hour it will not come any more').toBe('not-live');
    await entraApp.revoke(context, spec, made.slot);
  });

  test('that somebody else made is not removed, and whoever asks for that is told how', async () => {
    const { context, spec } = setup();
    const old = { slot: '', value: new Sensitive(entra().app.clientSecret) };
    const made = await entraApp.issue(context, spec, plan);
    const thrown = await entraApp.retire(context, spec, old, [made]).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(NotOursError);
    expect((thrown as NotOursError).problem.hint).toContain(`az ad app credential delete --id ${entra().app.clientId} --key-id`);
    expect(JSON.stringify((thrown as NotOursError).problem)).not.toContain(entra().app.clientSecret);
    expect(await entra().accepts(entra().app.clientSecret)).toBe(true);
    await entraApp.revoke(context, spec, made.slot);
  });

  test('is not added twice at once, and the one that comes too soon may try again', async () => {
    const { context, spec } = setup();
    const outcomes = await Promise.allSettled([entraApp.issue(context, spec, plan), entraApp.issue(context, spec, plan)]);
    const [refused] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [entraApp.classify(outcome.reason)] : []));
    expect(refused).toEqual({ kind: 'transient', code: 'Status400' });
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') await entraApp.revoke(context, spec, outcome.value.slot);
  });

  test.each([
    [429, { kind: 'throttled', retryAfterMs: 7_000 }],
    [403, { kind: 'denied', hint: expect.stringContaining('OwnedBy') }],
    [404, { kind: 'gone', hint: expect.stringContaining('object id') }],
    [503, { kind: 'unknown-outcome' }],
    [400, { kind: 'config' }],
  ])('tells what %i means, and asks once', async (status, expected) => {
    const { context, spec } = setup();
    await emulator.control.fault({
      match: { path: '*/addPassword' },
      times: 9,
      action: 'answer',
      status,
      body: {},
      headers: { 'Retry-After': '7' },
    });
    const before = (await emulator.control.requests()).length;
    const failure = entraApp.classify(await entraApp.issue(context, spec, plan).catch((error: unknown) => error));
    expect(failure).toMatchObject(expected);
    expect((await emulator.control.requests()).slice(before).filter(({ target }) => target === 'graph')).toHaveLength(1);
  });

  test.each([
    [{ 'rot-target': 'https://graph.microsoft.com/v1.0/applications/x' }, '/applications/<object id>'],
    [{ 'rot-principal': 'another' }, 'rot-principal'],
    [{ 'rot-admin': 'contoso-kv/root' }, 'rot-admin'],
    [{ 'rot-policy': 'strategy=single' }, 'strategy'],
  ])('with the tags %o is refused', (changes, message) => {
    const parsed = parseManagement(tags(changes));
    if (parsed.status !== 'managed') throw new Error('The tags of the test are no good.');
    expect(() => entraApp.parse(parsed.management)).toThrow(message);
  });

  test("is not managed when the application is hsmkeep's own", async () => {
    const { context, spec } = setup();
    const { clientSecret } = entra().app;
    const credential = { getToken: async () => ({ token: await entra().token(clientSecret), expiresOnTimestamp: Date.now() + 1 }) };
    const checks = await entraApp.preflight({ ...context, azure: { ...context.azure, credential } }, spec);
    expect(checks.find(({ check }) => check.includes('own'))).toMatchObject({ ok: false });
  });
});
