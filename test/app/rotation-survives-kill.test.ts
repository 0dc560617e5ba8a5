import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { BOUNDARIES } from '../support/kill-rounds.ts';
import { FIRST, rotationsOf, told, VAULT } from '../support/rotations.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let receiver: WebhookReceiver;
let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
beforeAll(async () => {
  receiver = await startWebhookReceiver(FIRST);
  stack = await startAppStack({ vaults: [VAULT], vault: { targets: [receiver.url] } });
  kv = rotationsOf(stack, receiver);
  await kv.secrets.setSecret('hook-key', receiver.key);
});
afterAll(async () => {
  await stack?.stop();
  await receiver?.stop();
});

/** Every place at which a rotation with one password (which has no step of its own to publish) or with overlap can be killed. */
const places = (activities: readonly string[]) => activities.flatMap((activity) => BOUNDARIES.map((kind) => `${kind}:${activity}:1`));

async function killedAt(name: string, policy: string, at: string): Promise<void> {
  await kv.makeHooked(name, policy);
  await stack.killHost();
  await stack.startHost({ HSMKEEP_CRASH_AT: at });
  const id = await kv.ask(name);
  await stack.hostGone();
  await stack.startHost();

  const stopHurrying = stack.hurry();
  const run = await stack.runEnd(id).finally(stopHurrying);
  expect(run.status, `${at}: ${told(run)}`).toBe('Completed');
  expect(kv.applied(name), 'one effective change').toBe(1);
  const entries = await kv.entriesOf(name);
  expect(new Set(entries.map(({ tags }) => tags?.['rot-id'])).size, 'one rotation id').toBe(1);
  expect(await kv.versionsOf(name)).toHaveLength(2);
  expect(receiver.accepted.has((await kv.secrets.getSecret(name)).value ?? '')).toBe(true);
}

describe('a rotation whose host is killed', () => {
  test.each(places(['escrowSecret', 'applySecret', 'publishSecret', 'confirmSecret']))(
    'at %s goes on with the same value and changes the target once',
    async (at) => {
      await killedAt(`kill-${at.replaceAll(':', '-')}`, 'every=60d;grace=7d', at);
      expect(receiver.accepted.has(FIRST), 'the old value works in its grace').toBe(true);
    },
  );

  test.each(places(['applySecret', 'confirmSecret']))('with one password, at %s, too', async (at) => {
    await killedAt(`single-${at.replaceAll(':', '-')}`, 'strategy=single', at);
    expect(receiver.accepted.size).toBe(1);
  });
});
