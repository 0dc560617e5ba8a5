import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MOST_IN_FLIGHT } from '../../src/domain/rotation/dispatch.ts';
import { parsePolicy } from '../../src/domain/rotation/policy.ts';
import { dueAt } from '../../src/domain/rotation/times.ts';
import { type AppStack, ESCROW_VAULT, startAppStack, until } from '../support/app-stack.ts';
import { all } from '../support/azure-clients.ts';
import type { LoggedRequest } from '../support/emulator.ts';
import { FIRST, rotationsOf, VAULT } from '../support/rotations.ts';

/** How many secrets fall due at once; with 10,000 it takes from eleven minutes on. */
const STORM = Number(process.env['HSMKEEP_STORM'] ?? 10_000);
/** Of so many Key Vault also tells that they are near expiry. */
const ANNOUNCED = Math.ceil(STORM / 50);
const TOPIC = `/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/${VAULT}`;
const DAY_MS = 86_400_000;
/** What a vault takes in ten seconds. */
const LIMITS = { createsPer10s: 300, othersPer10s: 4_000 };
const SHARE = 0.5;
const WINDOW_MS = 10_000;
/** Above the share in one window: what the bucket saves up in two seconds, and the ten that events may begin. */
const CREATES_PER_WINDOW = LIMITS.createsPer10s * SHARE * 1.2 + 10;
const BOUND_MS = (STORM / (LIMITS.createsPer10s * SHARE)) * WINDOW_MS;
const DEADLINE_MS = 600_000 + BOUND_MS * 4;
/** For the host's heap and what the storm leaves in it; a storm ten times as large may not need more. */
const MOST_MEMORY_BYTES = 700 * 2 ** 20;

let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
beforeAll(async () => {
  stack = await startAppStack({ hsms: [], vaults: [VAULT], vault: { share: SHARE, topic: TOPIC }, onDisk: true });
  kv = rotationsOf(stack);
});
afterAll(() => stack?.stop());

type Planted = Readonly<{ name: string; version: string; dueAt: string }>;

/** Secrets whose deadlines lie up to thirty days apart, and are all past in sixty. */
async function plant(): Promise<Planted[]> {
  const planted: Planted[] = [];
  await inParallel(STORM, async (index) => {
    const name = `storm-${index}`;
    const policy = `every=${30 + (index % 30)}d;grace=7d`;
    const tags = { owner: 'team', 'rot-provider': 'generated', 'rot-policy': policy };
    const { properties } = await kv.secrets.setSecret(name, FIRST, { tags });
    const due = dueAt(name, properties.createdOn?.toISOString() ?? '', parsePolicy(policy).policy);
    planted.push({ name, version: properties.version ?? '', dueAt: due });
  });
  return planted.sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Event Grid sends again what was not taken. */
async function announce({ name, version }: Planted): Promise<void> {
  const event = {
    id: crypto.randomUUID(),
    topic: TOPIC,
    subject: name,
    eventType: 'Microsoft.KeyVault.SecretNearExpiry',
    eventTime: new Date().toISOString(),
    dataVersion: '1',
    data: { Id: `https://kv/secrets/${name}/${version}`, VaultName: VAULT, ObjectName: name, Version: version },
  };
  await until('an answer to an event', async () => (await stack.announce(event)) === 202);
}

/** What the vaults are asked for from now on; their own log keeps the latest only. */
async function watchVaults() {
  const creates = new Map<string, number>();
  const lastId = (await stack.emulator.control.requests()).at(-1)?.id ?? 0;
  const seen = { lastId, refused: 0, begun: [] as string[], firstMs: 0, lastMs: 0 };
  const take = ({ id, at, host, method, path, status }: LoggedRequest): void => {
    seen.lastId = id;
    if (status === 429) seen.refused += 1;
    const name = /^\/secrets\/(?:.*--)?(storm-\d+)(?:--pending)?$/.exec(path)?.[1];
    if (method !== 'PUT' || !name) return;
    const window = `${host} ${Math.floor(Date.parse(at) / WINDOW_MS)}`;
    creates.set(window, (creates.get(window) ?? 0) + 1);
    seen.firstMs ||= Date.parse(at);
    seen.lastMs = Date.parse(at);
    if (host === ESCROW_VAULT) seen.begun.push(name);
  };
  return {
    seen,
    /** Reads on. A request that is still being answered is left for the next time, with all after it. */
    async look(): Promise<void> {
      const news = await stack.emulator.control.requests(seen.lastId);
      const open = news.findIndex(({ status }) => status === null);
      for (const request of open < 0 ? news : news.slice(0, open)) take(request);
    },
    mostCreates: () => Math.max(...creates.values()),
  };
}

const memoryBytes = (): number => 1024 * Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${stack.hostPid()}/status`, 'utf8'))?.[1]);

test(`${STORM} secrets that are due at once are all rotated, within the share of the vault's limits, the earliest deadline first`, async () => {
  const planted = await plant();
  await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
  await stack.emulator.control.limits(LIMITS);
  const vaults = await watchVaults();

  const stopHurrying = stack.hurry(30_000);
  await until('the sweep', () => stack.hostLog().includes(`sweep-${VAULT}`));
  await stopHurrying();
  // Scattered over the whole storm.
  const announced = planted.filter((_secret, index) => index % 50 === 49 || STORM < 50);
  const announcing = inParallel(Math.min(ANNOUNCED, announced.length), async (index) => {
    const secret = announced[index];
    if (secret) await announce(secret);
  });

  let memory = 0;
  await until(
    'all of it',
    async () => {
      await delay(1_000);
      await vaults.look();
      memory = Math.max(memory, memoryBytes());
      return vaults.seen.begun.length >= STORM && stack.hostLog().split('run_ended').length > STORM;
    },
    DEADLINE_MS,
  );
  await announcing;
  await stack.emulator.control.limits({ createsPer10s: null, othersPer10s: null });
  await vaults.look();
  const { seen } = vaults;
  console.info(
    `${STORM} rotations in ${(seen.lastMs - seen.firstMs) / 1000} s; the bound by creates is ${BOUND_MS / 1000} s. ` +
      `Most creates in ten seconds: ${vaults.mostCreates()}; refused: ${seen.refused}; the host's memory at its peak: ${Math.round(memory / 2 ** 20)} MiB.`,
  );

  const base = new Map(planted.map(({ name, version }) => [name, version]));
  const current = await all(kv.secrets.listPropertiesOfSecrets());
  const wrong = current.filter(({ name, tags, expiresOn }) => base.has(name) && !(tags?.['rot-base'] === base.get(name) && expiresOn));
  expect(
    wrong.map(({ name }) => name),
    'each replaced the version that was due, once',
  ).toEqual([]);
  expect(seen.refused, 'requests that the vaults refused').toBe(0);
  expect(vaults.mostCreates(), 'creates in ten seconds').toBeLessThanOrEqual(CREATES_PER_WINDOW);
  expect(memory, 'memory').toBeLessThan(MOST_MEMORY_BYTES);

  // What events began is before its turn.
  const byEvent = new Set(announced.map(({ name }) => name));
  const wanted = planted.filter(({ name }) => !byEvent.has(name)).map(({ name }) => name);
  const place = new Map(wanted.map((name, index) => [name, index]));
  const begun = seen.begun.filter((name) => place.has(name));
  const late = begun.map((name, index) => index - (place.get(name) ?? 0));
  expect(begun).toHaveLength(wanted.length);
  expect(Math.max(...late), 'places after its turn').toBeLessThanOrEqual(MOST_IN_FLIGHT);
});
