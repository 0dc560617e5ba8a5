import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, ESCROW_VAULT, startAppStack, until } from '../support/app-stack.ts';
import { entraDirectory } from '../support/entra-directory.ts';
import { rotationsOf, told, VAULT } from '../support/rotations.ts';

const DAY_MS = 86_400_000;
const APPS = ['contoso-web', 'contoso-slow', 'contoso-crash', 'contoso-leaked', 'contoso-kill'];

let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
beforeAll(async () => {
  stack = await startAppStack({ vaults: [VAULT], applications: APPS });
  kv = rotationsOf(stack);
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await stack.emulator.control.clearFaults();
  await stack.emulator.control.graph({});
});

/** A secret in the vault that an application signs in with. */
async function manage(name: string, policy = 'every=60d;grace=7d') {
  const directory = entraDirectory(stack.emulator, name);
  const tags = { 'rot-provider': 'entra-app', 'rot-target': `/applications/${directory.app.id}`, 'rot-policy': policy };
  await kv.secrets.setSecret(name, directory.app.clientSecret, { tags });
  return { ...directory, published: async () => (await kv.secrets.getSecret(name)).value ?? '' };
}
/** Lets the hourly sweep look, some days later, until it has retired the old value so often. */
async function retired(name: string, times: number): Promise<Run> {
  await stack.emulator.control.moveClock({ advanceMs: 8 * DAY_MS });
  const stopHurrying = stack.hurry(120_000);
  const ended = async (): Promise<Run[]> => {
    const { body } = await stack.api(`/runs?kind=rotation&subject=${VAULT}.${name}`);
    return body.value.filter(({ result }: Run) => result?.['outcome'] === 'retired');
  };
  await until('the retirement', async () => (await ended()).length >= times).finally(stopHurrying);
  const [newest] = (await ended()).toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return newest ?? expect.fail('there is none');
}
const marked = async ({ passwords }: Awaited<ReturnType<typeof manage>>) =>
  (await passwords()).filter(({ displayName }) => displayName?.startsWith('rot:'));

describe('the rotation of an application secret', () => {
  test('adds another, publishes it after three successes in a row, and leaves foreign ones alone', async () => {
    const web = await manage('contoso-web');
    const foreign = await web.addPassword("somebody else's");
    const run = await kv.rotate('contoso-web');
    expect(run.status, told(run)).toBe('Completed');
    expect(run.steps.map(({ name }) => name)).toEqual(['Lock', 'Escrow', 'Obtain', 'Apply', 'Publish', 'Confirm']);
    expect([await web.accepts(await web.published()), await web.accepts(web.app.clientSecret)]).toEqual([true, true]);
    const [made] = await marked(web);
    expect((await kv.secrets.getSecret('contoso-web')).properties.tags).toMatchObject({ 'rot-slot': made?.keyId });
    expect((await web.passwords()).map(({ keyId }) => keyId)).toContain(foreign);

    // The first value was made by somebody else: its end is theirs, too, and they are told.
    const ended = await retired('contoso-web', 1);
    expect(ended.status, told(ended)).toBe('Degraded');
    expect(ended.steps.find(({ name }) => name === 'Retire')).toMatchObject({
      status: 'Degraded',
      hint: expect.stringContaining('az ad app credential delete'),
    });

    // What hsmkeep made it ends itself.
    const second = await web.published();
    await kv.rotate('contoso-web');
    const done = await retired('contoso-web', 2);
    expect(done.status, told(done)).toBe('Completed');
    expect([await web.accepts(await web.published()), await web.accepts(second)]).toEqual([true, false]);
    expect(done.result).toMatchObject({ retired: { oldCredential: 'refused' } });
    expect((await web.passwords()).map(({ keyId }) => keyId)).toContain(foreign);
  });

  test('is not fooled by servers that know the new secret before others do', async () => {
    const slow = await manage('contoso-slow');
    await stack.emulator.control.graph({ worksAfterMs: 20_000, flapsForMs: 90_000, listedAfterMs: 5_000 });
    const run = await kv.rotate('contoso-slow');
    expect(run.status, told(run)).toBe('Completed');
    const value = await slow.published();
    // Whichever server is asked when it was published, all take it.
    for (let turn = 0; turn < 3; turn += 1) expect(await slow.accepts(value)).toBe(true);
    expect(await marked(slow)).toHaveLength(1);
  });

  test('leaves no orphan when what Graph made cannot be stored, ten times over', async () => {
    const crash = await manage('contoso-crash');
    // The vault takes nothing more once the intent is stored: each attempt makes a secret that cannot be kept.
    await stack.emulator.control.fault({
      match: { host: ESCROW_VAULT, method: 'PUT', path: '/secrets/*' },
      skip: 1,
      times: 10,
      action: 'answer',
      status: 403,
      body: {},
    });
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const broken = await stack.runEnd(await kv.ask('contoso-crash'));
      expect(broken.steps.at(-1), told(broken)).toMatchObject({ name: 'Obtain', status: 'Failed' });
      expect(await marked(crash), 'no more than the last one').toHaveLength(1);
    }
    const run = await kv.rotate('contoso-crash');
    expect(run.status, told(run)).toBe('Completed');
    const added = (await stack.emulator.control.requests()).filter(
      ({ path, status }) => path.endsWith(`${crash.app.id}/addPassword`) && status === 200,
    );
    expect(added).toHaveLength(11);
    expect(await marked(crash)).toHaveLength(1);
    expect(await crash.accepts(await crash.published())).toBe(true);
  });

  test('after a compromise ends what leaked at once', async () => {
    const leaked = await manage('contoso-leaked');
    await kv.rotate('contoso-leaked');
    const exposed = await leaked.published();
    const run = await kv.rotate('contoso-leaked', { reason: 'seen in a log', mode: 'compromise' });
    // The one before was in its grace, and is somebody else's to end.
    expect(run.steps.filter(({ status }) => status !== 'Completed')).toMatchObject([
      { name: 'Retire', status: 'Degraded', hint: expect.stringContaining('az ad app credential delete') },
    ]);
    expect([await leaked.accepts(await leaked.published()), await leaked.accepts(exposed)]).toEqual([true, false]);
    expect(await marked(leaked)).toHaveLength(1);
  });

  // All the others are killed in the soak.
  test('killed right after the secret was made and stored goes on with it', async () => {
    const kill = await manage('contoso-kill');
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: 'after-activity:obtainSecret:1' });
    const id = await kv.ask('contoso-kill');
    await stack.hostGone();
    await stack.startHost();
    const stopHurrying = stack.hurry();
    const run = await stack.runEnd(id).finally(stopHurrying);
    expect(run.status, told(run)).toBe('Completed');
    expect(await marked(kill), 'one effective change').toHaveLength(1);
    expect(await kill.accepts(await kill.published())).toBe(true);
  });
});
