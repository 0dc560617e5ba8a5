import { expect } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import type { Run } from '../../src/domain/run.ts';
import { type AppStack, until } from './app-stack.ts';
import { provideCanary } from './canaries.ts';
import { grantDrills } from './drills.ts';
import { hsmOf, takeBackup } from './restores.ts';

const DRILL = 'contoso-drill-hsm';
const CANARY = 'hsmkeep-canary';

/** An HSM that is kept, and how its backups are drilled. */
export type Drilled = Readonly<{ hsm: string; mode: 'canary' | 'full'; level: 'L3c' | 'L3' }>;
export const BY_CANARY: Drilled = { hsm: 'contoso-hsm', mode: 'canary', level: 'L3c' };
export const WHOLE: Drilled = { hsm: 'fabrikam-hsm', mode: 'full', level: 'L3' };

const COMMON_BEFORE = ['saveRun', 'chooseDrill', 'verifyBackup', 'holdRestoreBackup', 'acquireLock', 'startPreRestore', 'checkRestoreJob'];
const COMMON_AFTER = ['proveCanary', 'addProof', 'releaseLock'];
const RESTORE = ['keepDrillContent', 'startRestore', 'noteLockStep', 'checkRestoreOutcome'];
/** The activities of a drill, in the order in which it first calls them. */
export const DRILL_ACTIVITIES = {
  canary: [...COMMON_BEFORE, 'purgeCanary', ...RESTORE, ...COMMON_AFTER],
  full: [...COMMON_BEFORE, ...RESTORE, 'compareRestored', ...COMMON_AFTER],
} as const;

/** The options of a stack for these rounds. */
export const drillStack = {
  hsms: [BY_CANARY.hsm, WHOLE.hsm],
  drillHsms: [DRILL],
  each: { [BY_CANARY.hsm]: { drill: { into: DRILL } }, [WHOLE.hsm]: { drill: { into: DRILL, mode: 'full' } } },
} as const;

/** Rights, canaries, a backup of each HSM that is kept, and the first one of the drill HSM. @returns The folder of each backup. */
export async function prepareDrills(stack: AppStack): Promise<ReadonlyMap<string, string>> {
  await grantDrills(stack);
  const folders = new Map<string, string>();
  for (const { hsm } of [BY_CANARY, WHOLE]) {
    await hsmOf(stack, hsm).createKey('payments');
    await provideCanary(stack, hsm);
    folders.set(hsm, await takeBackup(stack, hsm));
  }
  const first = (await stack.api(`/hsms/${BY_CANARY.hsm}/drill`, { method: 'POST', body: {} })).body.runId;
  expect(await stack.runEnd(first)).toMatchObject({ status: 'Completed' });
  return folders;
}

/** What a killed drill came to. */
export type KilledDrill = Readonly<{ at: string; run: Run; restores: number }>;

/** Kills the host at a boundary of a drill, starts it again and holds what comes of it against the law. */
export const killDrillAtBoundary = (stack: AppStack, drilled: Drilled, folder: string, at: string): Promise<KilledDrill> =>
  checkedDrill(stack, drilled, folder, at, async () => {
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: at });
    const id = await startDrill(stack, drilled.hsm);
    await stack.hostGone();
    await stack.startHost();
    return id;
  });

/** Kills the host some time into a drill. */
export const killDrillAfter = (stack: AppStack, drilled: Drilled, folder: string, ms: number): Promise<KilledDrill> =>
  checkedDrill(stack, drilled, folder, `${ms} ms`, async () => {
    const id = await startDrill(stack, drilled.hsm);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await stack.killHost();
    await stack.startHost();
    return id;
  });

/** The host may be gone before it has answered; whose drill it was stands in the claim. */
async function startDrill(stack: AppStack, hsm: string): Promise<string> {
  const claimOf = async () => (await stack.document<{ run: string }>(stack.documents, `starts/drill-${DRILL}.json`))?.run ?? '';
  const before = await claimOf();
  const answer = await stack.api(`/hsms/${hsm}/drill`, { method: 'POST', body: {} }).catch(() => undefined);
  if (answer) expect(answer.status, answer.text).toBe(202);
  await until('the drill to be claimed', async () => (await claimOf()) !== before);
  return claimOf();
}

/**
 * The law of flow 4.4: what is kept is not touched, the drill HSM is restored once and holds what the run says, the backup has its proof once,
 * nothing is locked, and the run ends.
 */
async function checkedDrill(
  stack: AppStack,
  { hsm, mode, level }: Drilled,
  folder: string,
  at: string,
  killed: () => Promise<string>,
): Promise<KilledDrill> {
  const kept = await hsmOf(stack, hsm).keys();
  const lastBefore = (await stack.emulator.control.requests()).at(-1)?.id ?? 0;

  const stopHurrying = stack.hurry();
  const run = await killed().then(stack.runEnd).finally(stopHurrying);
  const told = `${at}: ${JSON.stringify(run.steps.map(({ name, status, message }) => [name, status, message]))}`;
  const changes = (await stack.emulator.control.requests()).filter(({ id, method }) => id > lastBefore && method !== 'GET');

  expect(['Completed', 'Degraded'], told).toContain(run.status);
  expect(run.result, told).toMatchObject({ folder, target: DRILL, mode, proof: level });
  expect(
    changes.filter(({ host }) => host === BY_CANARY.hsm || host === WHOLE.hsm),
    told,
  ).toEqual([]);
  expect(await hsmOf(stack, hsm).keys(), told).toEqual(kept);

  const restores = changes.filter(
    ({ host, method, path, status }) => host === DRILL && method === 'PUT' && /\/restore$/.test(path) && status === 202,
  );
  expect(restores, told).toHaveLength(1);
  const held = await hsmOf(stack, DRILL).keys();
  if (mode === 'full') expect(held, told).toEqual(kept);
  else expect(held, told).toContain(CANARY);

  const record = await stack.document<BackupRecord>(stack.container(hsm), `hsmkeep/${hsm}/${folder}.json`);
  expect(
    record?.proofs.filter((proof) => proof.run === run.id).map((proof) => proof.level),
    told,
  ).toEqual([level]);
  expect(
    record?.holds.map(({ by }) => by),
    told,
  ).toContain(run.id);
  expect(await stack.document(stack.documents, `locks/${DRILL}.json`), told).toBeUndefined();
  return { at, run, restores: restores.length };
}
