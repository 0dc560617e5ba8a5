import { SecretClient } from '@azure/keyvault-secrets';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, type AppStackOptions, ESCROW_VAULT, startAppStack, until } from './app-stack.ts';
import { all } from './azure-clients.ts';
import { VAULT_RESOURCE } from './emulator.ts';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';

export const VAULT = 'contoso-kv';
/** The value that every secret begins with; found nowhere but in its vault. */
export const FIRST = 'canary-first-value';
export const GENERATED = { owner: 'team', 'rot-provider': 'generated', 'rot-policy': 'every=60d;grace=7d' };

/** For tests of other targets. */
const NO_RECEIVER = { url: '', actions: [] } as unknown as WebhookReceiver;

/** The product with a vault whose secrets are for a receiver of webhooks. */
export type RotationStack = Readonly<{
  stack: AppStack;
  receiver: WebhookReceiver;
  kv: ReturnType<typeof rotationsOf>;
  stop(): Promise<void>;
}>;

/** @param vault Changes to the configuration of the vault. */
export async function startRotations({ vault, ...options }: AppStackOptions = {}): Promise<RotationStack> {
  const receiver = await startWebhookReceiver(FIRST);
  const stack = await startAppStack({ vaults: [VAULT], vault: { targets: [receiver.url], ...vault }, ...options });
  const kv = rotationsOf(stack, receiver);
  await kv.secrets.setSecret('hook-key', receiver.key);
  return {
    stack,
    receiver,
    kv,
    async stop() {
      await stack.stop();
      await receiver.stop();
    },
  };
}

/** What tests of rotation do to vaults and see of them, past the app. */
export function rotationsOf(stack: AppStack, receiver: WebhookReceiver = NO_RECEIVER) {
  // A token for each call: emulated time may have moved beyond the life of the last one.
  const credential = { getToken: async () => ({ token: await stack.emulator.token(VAULT_RESOURCE), expiresOnTimestamp: Date.now() + 1 }) };
  const client = (vault: string) =>
    new SecretClient(stack.emulator.ready.vaults[vault] ?? '', credential, {
      disableChallengeResourceVerification: true,
      tlsOptions: { ca: stack.emulator.ca },
    } as object);
  const secrets = client(VAULT);
  const versionsOf = (name: string, vault = VAULT) => all(client(vault).listPropertiesOfSecretVersions(name));
  const hooked = (policy = 'every=60d;grace=7d') => ({
    'rot-provider': 'webhook',
    'rot-target': receiver.url,
    'rot-admin': `${VAULT}/hook-key`,
    'rot-policy': policy,
  });

  return {
    secrets,
    versionsOf,
    /** The tags of a secret whose target is the receiver. */
    hooked,
    entriesOf: (name: string) => versionsOf(`${VAULT}--${name}--pending`, ESCROW_VAULT),
    /** A secret whose target is the receiver, which accepts its value and nothing else. */
    async makeHooked(name: string, policy?: string): Promise<void> {
      receiver.accepted.clear();
      receiver.accepted.add(FIRST);
      receiver.focusOn(name);
      await secrets.setSecret(name, FIRST, { tags: hooked(policy) });
    },
    /** A secret whose target is an account of its own at the receiver; resolves to what that accepts. */
    async makeOwn(name: string, tags: Readonly<Record<string, string>> = {}): Promise<Set<string>> {
      await secrets.setSecret(name, FIRST, { tags: { ...hooked(), ...tags } });
      return receiver.openAccount(name, FIRST);
    },
    /** Asks for a rotation; resolves to the run's id. */
    async ask(name: string, body: object = { reason: 'a test' }): Promise<string> {
      const answer = await stack.api(`/secrets/${VAULT}/${name}/rotate`, { method: 'POST', body });
      if (answer.status !== 202) throw new Error(`No rotation was started: ${answer.status} ${answer.text}`);
      return answer.body.runId;
    },
    /** Asks for a rotation and waits for its end, emulated time hurried on. */
    async rotate(name: string, body?: object): Promise<Run> {
      const stopHurrying = stack.hurry();
      try {
        return await stack.runEnd(await this.ask(name, body));
      } finally {
        await stopHurrying();
      }
    },
    /** Moves time on and lets the hourly sweep look until something holds. */
    async sweepUntil(what: string, holds: () => Promise<boolean>, deadlineMs?: number): Promise<void> {
      const stopHurrying = stack.hurry(120_000);
      try {
        await until(what, holds, deadlineMs);
      } finally {
        await stopHurrying();
      }
    },
    /** How often the receiver was asked to take a value of a secret. */
    applied: (name: string) => receiver.actionsFor(name).filter((action) => action === 'apply').length,
  };
}

/** The steps of a run, for the message of an assertion. */
export const told = (run: Run): string => JSON.stringify(run.steps.map(({ name, status, message }) => [name, status, message]));
