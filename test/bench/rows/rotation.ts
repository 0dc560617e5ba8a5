import { setTimeout as delay } from 'node:timers/promises';
import { type AppStack, startAppStack, until } from '../../support/app-stack.ts';
import type { LoggedRequest } from '../../support/emulator.ts';
import { FIRST, GENERATED, rotationsOf, VAULT } from '../../support/rotations.ts';
import type { Figure } from '../runner/figure.ts';
import type { Row } from '../runner/row.ts';

const DAY_MS = 86_400_000;
const GRACE_MS = 7 * DAY_MS;
const STORM = 240;
const DEADLINE_MS = 600_000;
/** With an escrow vault of its own a rotation is one create in each: at a quarter of 300 in ten seconds, 7.5 a second. */
const SHARE = 0.25;
const BOUND_PER_SECOND = (300 * SHARE) / 10;

/** Rotation at the pace of the vault: what it asks for, how fast it is, and whether a storm keeps within the limits. */
export const rotation: Row = {
  name: 'rotation',
  title: `${STORM} secrets that fall due at once: as fast as it goes, and within a vault's limits`,
  async measure({ progress }) {
    progress(`${STORM} rotations, with no limit …`);
    const free = await storm(1, null);
    progress(`${STORM} rotations within the limits of a vault …`);
    const limited = await storm(SHARE, { createsPer10s: 300, othersPer10s: 4_000 });
    return [...figuresOf(free), ...figuresOfStorm(limited)];
  },
};

/**
 * `requests`: those about the secrets until they were published and confirmed, oldest first. `ending`: those of their ends, when the grace was
 * over. `challenges`: how many of all until then were answered with one.
 */
type Storm = Readonly<{ requests: readonly LoggedRequest[]; ending: readonly LoggedRequest[]; challenges: number }>;

async function storm(share: number, limits: Readonly<{ createsPer10s: number; othersPer10s: number }> | null): Promise<Storm> {
  const stack = await startAppStack({ hsms: [], vaults: [VAULT], vault: { share } });
  try {
    const kv = rotationsOf(stack);
    const names = Array.from({ length: STORM }, (_, index) => `storm-${index}`);
    for (const name of names) await kv.secrets.setSecret(name, FIRST, { tags: GENERATED });
    await stack.emulator.control.moveClock({ advanceMs: 60 * DAY_MS });
    if (limits) await stack.emulator.control.limits(limits);
    const before = await lastRequest(stack);
    await untilSwept(stack);
    await until('all of them', () => isOver(stack, STORM), DEADLINE_MS);
    const rotated = await lastRequest(stack);
    if (!limits) await endAll(stack);
    const all = (await stack.emulator.control.requests()).filter(({ id }) => id > before);
    const about = all.filter(({ path }) => path.startsWith('/secrets/') && path.includes('storm-'));
    return {
      requests: about.filter(({ id }) => id <= rotated),
      ending: about.filter(({ id }) => id > rotated),
      // Weeks later the tokens have expired.
      challenges: all.filter(({ id, target, status }) => id <= rotated && target === 'vault' && status === 401).length,
    };
  } finally {
    await stack.stop();
  }
}

/** Hurries only until the sweep begins: what follows is measured. */
async function untilSwept(stack: AppStack): Promise<void> {
  const stopHurrying = stack.hurry(30_000);
  try {
    await until('the sweep', () => stack.hostLog().includes(`sweep-${VAULT}`));
  } finally {
    await stopHurrying();
  }
}

/** The grace of all of them is over, and the next sweep ends what they replaced. */
async function endAll(stack: AppStack): Promise<void> {
  await stack.emulator.control.moveClock({ advanceMs: GRACE_MS });
  const stopHurrying = stack.hurry(30_000);
  await until('their ends', () => isOver(stack, 2 * STORM), DEADLINE_MS).finally(stopHurrying);
}

const lastRequest = async ({ emulator }: AppStack): Promise<number> => (await emulator.control.requests()).at(-1)?.id ?? 0;

/** By the app's own log, because asking it would be work for what is measured. */
async function isOver(stack: AppStack, runs: number): Promise<boolean> {
  await delay(500);
  return stack.hostLog().split('run_ended').length - 1 >= runs;
}

const seconds = (requests: readonly LoggedRequest[]): number => {
  const writes = requests.filter(({ method, status }) => method === 'PUT' && status === 200).map(({ at }) => Date.parse(at));
  return (Math.max(...writes) - Math.min(...writes)) / 1000;
};

function figuresOf({ requests, ending, challenges }: Storm): Figure[] {
  return [
    {
      what: 'rotation, requests to the vaults until notify',
      unit: 'requests',
      ours: requests.length / STORM,
      target: { of: 'ours', atMost: 12 },
    },
    {
      what: 'rotation, creates among them',
      unit: 'requests',
      ours: requests.filter(({ method }) => method === 'PUT').length / STORM,
      target: { of: 'ours', atMost: 2 },
    },
    {
      what: 'rotation, requests to the vaults for retire and close',
      unit: 'requests',
      ours: ending.length / STORM,
      target: { of: 'ours', atMost: 6 },
    },
    {
      what: 'rotation, challenges of all',
      unit: 'requests',
      ours: challenges,
      target: { of: 'ours', atMost: 2 },
      note: 'one for each of the two vaults, in a process',
    },
    {
      what: 'rotation, at once',
      unit: 'runs/s',
      ours: STORM / seconds(requests),
      target: { of: 'ours', atLeast: 15 },
      note: 'host, emulator and Azurite share the machine',
    },
  ];
}

function figuresOfStorm({ requests }: Storm): Figure[] {
  return [
    {
      what: `storm of ${STORM} rotations at ${SHARE * 100} % of a vault's limits`,
      unit: 's',
      ours: seconds(requests),
      baseline: { name: 'the bound by creates', value: STORM / BOUND_PER_SECOND },
      target: { of: 'ratio', atMost: 1.2 },
    },
    {
      what: 'requests of it that the vault refused',
      unit: 'requests',
      ours: requests.filter(({ status }) => status === 429).length,
      target: { of: 'ours', atMost: 0 },
    },
  ];
}
