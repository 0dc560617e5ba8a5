import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshSecret } from '../../src/consumer/fresh-secret.ts';
import type { Run } from '../../src/domain/run.ts';
import { findMariadb } from '../../src/local/stack/targets/mariadb.ts';
import { findPostgres } from '../../src/local/stack/targets/postgres.ts';
import { describeWith, FIRST } from '../support/databases.ts';
import { consumedRotations, type DatabaseRotations, killedRotation, startDatabaseRotations } from '../support/rotation-rounds.ts';
import { told, VAULT } from '../support/rotations.ts';

const DAY_MS = 86_400_000;
class Refused extends Error {}

describeWith({ ...findPostgres(), ...findMariadb() }, 'a rotation of a real database', () => {
  let app: DatabaseRotations;
  beforeAll(async () => {
    app = await startDatabaseRotations();
  });
  afterAll(() => app?.stop());

  // All places of all kinds are in test/soak/rotation-databases.soak.ts.
  test('whose host is killed after the target was changed, and its database lost, goes on with the same value', async () => {
    await killedRotation(app, app.postgres.alternating, { at: 'after-activity:applySecret:1', forgetful: true });
  });

  test.each(['request', 'reply'])(
    'with one password, whose host is killed while its %s is under way, goes on with the same value',
    async (at) => {
      await killedRotation(app, app.postgres.single, { at });
    },
  );

  test.each(['multi', 'self'] as const)('of a MariaDB account (%s) survives a kill, too', async (strategy) => {
    await killedRotation(app, app.mariadb[strategy], { at: 'request' });
  });

  test('with one password tells for how long logins may have failed', async () => {
    const { kv, stack } = app;
    const { value, tags } = await app.mariadb.single.make('gap');
    await kv.secrets.setSecret('gap', value, { tags });
    const run = await kv.rotate('gap');
    const gapMs = Number(run.result?.['gapMs']);
    expect(gapMs, told(run)).toBeGreaterThan(0);
    const labels = { vault: VAULT, provider: 'mariadb', strategy: 'single' };
    expect(stack.hostLog()).toContain(`metric ${JSON.stringify({ name: 'rotation_gap_seconds', value: gapMs / 1000, ...labels })}`);
  });

  test('takes over the password that a person gave the user in use, and the version without tags', async () => {
    const { kv, stack } = app;
    const { value, tags } = await app.postgres.alternating.make('mended');
    await kv.secrets.setSecret('mended', value, { tags });
    expect((await kv.rotate('mended')).status).toBe('Completed');
    const { username } = JSON.parse((await kv.secrets.getSecret('mended')).value ?? '');
    expect(username).toBe('mended_b');

    await app.postgres.alternating.database.sql(`ALTER ROLE mended_b PASSWORD 'hand-made-password'`);
    const theirs = JSON.stringify({ username, password: 'hand-made-password' });
    await kv.secrets.setSecret('mended', theirs);
    expect((await kv.rotate('mended')).result).toMatchObject({ outcome: 'adopted' });
    expect(await kv.secrets.getSecret('mended')).toMatchObject({ value: theirs, properties: { tags: { ...tags, 'rot-slot': username } } });

    const refused = await kv.rotate('mended');
    expect(refused.steps.at(-1)?.message, told(refused)).toContain('still in its grace');
    expect(await app.postgres.alternating.accepts('mended', value), 'the other user has its grace').toBe(true);

    const again = await kv.rotate('mended', { reason: 'theirs was seen in a mail', mode: 'compromise' });
    expect(again.status, told(again)).toBe('Completed');
    const { value: stored = '' } = await kv.secrets.getSecret('mended');
    expect(JSON.parse(stored)).toMatchObject({ username: 'mended_a' });
    expect(await app.postgres.alternating.accepts('mended', theirs), 'theirs has ended').toBe(false);
    expect(stack.hostLog()).not.toContain('hand-made-password');
  });

  test('is refused, with what to do, where the users are not alike', async () => {
    const { kv, stack } = app;
    const { value, tags } = await app.postgres.alternating.make('odd');
    await app.postgres.alternating.database.sql('GRANT CREATE ON DATABASE postgres TO odd_a');
    await kv.secrets.setSecret('odd', value);
    const body = Object.fromEntries(Object.entries(tags).map(([name, text]) => [name.replace('rot-', ''), text]));
    const manage = () => stack.api(`/secrets/${VAULT}/odd/management`, { method: 'PUT', as: 'root', body });
    expect((await manage()).body).toMatchObject({ status: 409, detail: expect.stringContaining('granted the same objects') });
    await app.postgres.alternating.database.sql('REVOKE CREATE ON DATABASE postgres FROM odd_a');
    expect((await manage()).body).toMatchObject({ managed: true });
  });

  test('leaves an old credential that is still used a second grace, tells by whom, and then ends it', async () => {
    const { kv, stack, postgres } = app;
    const make = async (name: string): Promise<string> => {
      const { value, tags } = await postgres.alternating.make(name);
      await kv.secrets.setSecret(name, value, { tags: { ...tags, 'rot-policy': `${tags['rot-policy']};retire=when-unused` } });
      expect((await kv.rotate(name)).result).toMatchObject({ outcome: 'rotated' });
      return value;
    };
    const [worn, unused] = [await make('worn'), await make('unused')];
    const runsOf = async (name: string): Promise<Run[]> => (await stack.api(`/runs?kind=rotation&subject=${VAULT}.${name}`)).body.value;
    const newest = async (name: string): Promise<Run | undefined> =>
      (await runsOf(name)).toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1)).at(-1);
    const hasEnded = (name: string) => async () => (await newest(name))?.result?.['outcome'] === 'retired';

    await postgres.alternating.database.as('worn_a', FIRST, async (run) => {
      await run(`SET application_name = 'orders-api'`);
      await stack.emulator.control.moveClock({ advanceMs: 7 * DAY_MS });
      await kv.sweepUntil('the look', async () => (await newest('worn'))?.result?.['outcome'] === 'still-used');
      expect(await newest('worn')).toMatchObject({ status: 'Completed', result: { usedBy: [{ application: 'orders-api', sessions: 1 }] } });
      expect(await postgres.alternating.accepts('worn', worn), 'the old user').toBe(true);
      const asked = await kv.rotate('worn');
      expect(asked.steps.at(-1)?.message, told(asked)).toContain('is still used, and may be until');

      await kv.sweepUntil('the end of what nobody uses', hasEnded('unused'));
      expect(await postgres.alternating.accepts('unused', unused), 'the other old user').toBe(false);

      await stack.emulator.control.moveClock({ advanceMs: 7 * DAY_MS });
      await kv.sweepUntil('the end', hasEnded('worn'));
      expect(await newest('worn')).toMatchObject({
        status: 'Degraded',
        result: { usedBy: [{ application: 'orders-api', sessions: 1 }], retired: { oldCredential: 'refused' } },
      });
      expect(await postgres.alternating.accepts('worn', worn), 'the old user').toBe(false);
    });
  });

  test('takes no policy that asks who uses what where nobody can tell', async () => {
    const { kv, stack } = app;
    const { value, tags } = await app.mariadb.multi.make('shared');
    await kv.secrets.setSecret('shared', value);
    const body = Object.fromEntries(Object.entries(tags).map(([name, text]) => [name.replace('rot-', ''), text]));
    body['policy'] = `${body['policy']};retire=when-unused`;
    const answer = await stack.api(`/secrets/${VAULT}/shared/management`, { method: 'PUT', as: 'root', body });
    expect(answer.body.detail).toContain('retire=when-unused is for targets that tell who uses the old credential, and mariadb does not');
  });

  test('with one password fails no consumer that reads again when it is refused', async () => {
    const { stack, kv, postgres } = app;
    const { value, tags } = await postgres.single.make('patient');
    await kv.secrets.setSecret('patient', value, { tags });
    const secret = freshSecret({ read: async () => (await kv.secrets.getSecret('patient')).value ?? '', maxAgeMs: DAY_MS });
    const login = async (stored: string): Promise<void> => {
      if (!(await postgres.single.accepts('patient', stored))) throw new Refused();
    };

    let [logins, done] = [0, false];
    const consumer = (async () => {
      for (; !done; logins++) await secret.use(login, (error) => error instanceof Refused);
    })();
    // The old password ends before the new one is published: long enough to be met.
    const match = { method: 'PUT', path: '/secrets/patient' };
    await stack.emulator.control.fault({ match, times: 1, action: 'delay', ms: 500 });
    const run = await kv.rotate('patient');
    const before = logins;
    await expect.poll(() => logins).toBeGreaterThan(before + 10);
    done = true;
    await consumer;
    expect(run.result, told(run)).toMatchObject({ outcome: 'rotated' });
    expect(await postgres.single.accepts('patient', value), 'the old password').toBe(false);
  });

  test('is not noticed by consumers who log in all the time', async () => {
    // One after the other: each moves the clock on between its runs, and tokens of a run under way would expire in its midst.
    for (const kind of [app.postgres.alternating, app.mariadb.multi]) {
      const { failures, logins } = await consumedRotations(app, kind, 2);
      expect(failures).toBe(0);
      expect(logins).toBeGreaterThan(50);
    }
  });
});
