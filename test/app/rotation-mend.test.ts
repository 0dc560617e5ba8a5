import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { FIRST, GENERATED, type RotationStack, startRotations, told, VAULT } from '../support/rotations.ts';

let { stack, receiver, kv, stop } = {} as RotationStack;
beforeAll(async () => {
  ({ stack, receiver, kv, stop } = await startRotations());
  // The next look of the sweep, which would mend things by itself, is an hour away then.
  await kv.sweepUntil('the first look of the sweep', async () => stack.hostLog().includes(`sweep-${VAULT}`));
});
afterAll(() => stop?.());

const ask = (name: string, verb: string, as = 'alice') =>
  stack.api(`/secrets/${VAULT}/${name}/${verb}`, { method: 'POST', as, body: { reason: 'a test' } });
async function runOf(name: string, verb: string): Promise<Run> {
  const answer = await ask(name, verb);
  if (answer.status !== 202) throw new Error(`Nothing was started: ${answer.status} ${answer.text}`);
  const stopHurrying = stack.hurry();
  return stack.runEnd(answer.body.runId).finally(stopHurrying);
}
const currentValue = async (name: string) => (await kv.secrets.getSecret(name)).value;

describe('repair', () => {
  test('publishes the earlier value when that is the one that the target takes', async () => {
    await kv.makeHooked('restored');
    await kv.secrets.setSecret('restored', 'not what it takes', { tags: kv.hooked() });
    const run = await runOf('restored', 'repair');
    expect(run, told(run)).toMatchObject({ status: 'Completed', result: { outcome: 'repaired' } });
    expect(await currentValue('restored')).toBe(FIRST);
  });

  test('passes over an earlier value of another shape', async () => {
    await kv.secrets.setSecret('reshaped', 'from before it was JSON');
    const account = receiver.openAccount('reshaped', FIRST);
    const tags = { ...kv.hooked(), 'rot-policy': 'format=json:password' };
    const works = JSON.stringify({ password: FIRST });
    await kv.secrets.setSecret('reshaped', works, { tags });
    await kv.secrets.setSecret('reshaped', JSON.stringify({ password: 'not what it takes' }), { tags });
    const run = await runOf('reshaped', 'repair');
    expect(run, told(run)).toMatchObject({ status: 'Completed', result: { outcome: 'repaired' } });
    expect(await currentValue('reshaped')).toBe(works);
    expect([...account]).toEqual([FIRST]);
  });

  test('leaves what works alone', async () => {
    await kv.makeHooked('sound');
    const run = await runOf('sound', 'repair');
    expect(run, told(run)).toMatchObject({ status: 'Completed', result: { outcome: 'adopted' } });
    expect(await kv.versionsOf('sound')).toHaveLength(1);
    expect(kv.applied('sound')).toBe(0);
  });

  test('overwrites nothing when nothing works, and says so', async () => {
    await kv.makeHooked('lost');
    receiver.accepted.clear();
    const run = await runOf('lost', 'repair');
    expect(run.status, told(run)).toBe('Failed');
    expect(run.steps.at(-1)).toMatchObject({ name: 'Reconcile', message: expect.stringContaining('is accepted by its target') });
    expect(await kv.versionsOf('lost')).toHaveLength(1);
  });
});

describe('resume', () => {
  test('goes on with what was broken off, with the same value, and begins nothing new', async () => {
    await kv.makeHooked('broken-off');
    receiver.answerNext('apply', 403);
    expect((await kv.rotate('broken-off')).status).toBe('Failed');
    const run = await runOf('broken-off', 'resume');
    expect(run, told(run)).toMatchObject({ status: 'Completed', result: { outcome: 'rotated' } });
    expect(await kv.entriesOf('broken-off')).toHaveLength(1);

    const again = await ask('broken-off', 'resume');
    expect(again.body, again.text).toMatchObject({ status: 409, detail: expect.stringContaining('was broken off') });
    expect((await ask('broken-off', 'resume', 'carol')).status).toBe(403);
  });
});

describe('unmanage', () => {
  const unmanage = (name: string, query = '') =>
    stack.api(`/secrets/${VAULT}/${name}/management${query}`, { method: 'DELETE', as: 'root' });

  test('keeps value, versions and other tags, and has it rotated no more', async () => {
    await kv.secrets.setSecret('let-go', FIRST, { tags: GENERATED });
    expect(await unmanage('let-go')).toMatchObject({ status: 200, body: { managed: false, tags: { owner: 'team' } } });
    expect(await currentValue('let-go')).toBe(FIRST);
    const { body } = await stack.api(`/secrets/${VAULT}/let-go`);
    expect(body).toMatchObject({ secret: { state: 'unmanaged' }, tags: { 'rot-provider': 'none' } });
  });

  test('asks for insistence while an old credential still works', async () => {
    await kv.secrets.setSecret('in-grace', FIRST, { tags: GENERATED });
    await kv.rotate('in-grace');
    const refused = await unmanage('in-grace');
    expect(refused.body, refused.text).toMatchObject({ status: 409, hint: expect.stringContaining('force=true') });
    expect((await unmanage('in-grace', '?force=true')).status).toBe(200);
  });
});
