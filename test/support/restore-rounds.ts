import { expect } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import type { RestoreView } from '../../src/domain/restore/view.ts';
import type { Run } from '../../src/domain/run.ts';
import type { AppStack } from './app-stack.ts';
import { decide, execute, hsmOf, planRestore } from './restores.ts';

const HSM = 'contoso-hsm';

/** The activities of a restore, in the order in which it first calls them; those of its safety backup aside. */
export const RESTORE_ACTIVITIES = [
  'saveRun',
  'checkRestoreApproval',
  'requestSafetyBackup',
  'holdRestoreBackup',
  'acquireLock',
  'replanRestore',
  'startPreRestore',
  'checkRestoreJob',
  'startRestore',
  'noteLockStep',
  'checkRestoreOutcome',
  'compareRestored',
  'releaseLock',
] as const;

/** A restore from the immutable copy calls these, too. */
export const LANDING_ACTIVITIES = ['landCopy', 'dropLanding'] as const;

/** Where a restore of these rounds reads the backup. */
type From = 'backups' | 'immutableCopy';

/** What a killed restore came to: a row of the matrix in ARCHITECTURE.md. */
export type KilledRestore = Readonly<{ at: string; run: Run; starts: number }>;

/** Kills the host at a boundary of a restore, starts it again and holds what comes of it against the law. */
export const killRestoreAtBoundary = (stack: AppStack, folder: string, at: string, from: From = 'backups'): Promise<KilledRestore> =>
  checkedRestore(stack, folder, at, from, async (plan) => {
    await stack.killHost();
    await stack.startHost({ HSMKEEP_CRASH_AT: at });
    await execute(stack, plan);
    await stack.hostGone();
    await stack.startHost();
  });

/** Kills the host some time into a restore. */
export const killRestoreAfter = (stack: AppStack, folder: string, ms: number, from: From = 'backups'): Promise<KilledRestore> =>
  checkedRestore(stack, folder, `${ms} ms`, from, async (plan) => {
    await execute(stack, plan);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await stack.killHost();
    await stack.startHost();
  });

/**
 * The law of flow 4.3: a safety backup exists that holds what was there, one restore ran, the HSM holds the backup, nothing is locked, and a
 * container that a copy was landed in is gone, or told of.
 */
async function checkedRestore(
  stack: AppStack,
  folder: string,
  at: string,
  from: From,
  killed: (plan: RestoreView) => Promise<void>,
): Promise<KilledRestore> {
  const hsm = hsmOf(stack);
  const kept = await hsm.keys();
  await hsm.createKey('newcomer');
  const plan = (await planRestore(stack, { selector: { folder }, from })).body as RestoreView;
  await decide(stack, plan);
  const lastBefore = (await stack.emulator.control.requests()).at(-1)?.id ?? 0;

  const stopHurrying = stack.hurry();
  await killed(plan);
  const run = await stack.runEnd(plan.id).finally(stopHurrying);

  const told = `${at}: ${JSON.stringify(run.steps.map(({ name, status, message }) => [name, status, message]))}`;
  expect(['Completed', 'Degraded'], told).toContain(run.status);
  expect(run.result, told).toMatchObject({ restored: true });
  expect(await hsm.keys(), told).toEqual(kept);
  const restores = (await stack.emulator.control.requests()).filter(
    ({ id, host, method, path, status }) => id > lastBefore && host === HSM && method === 'PUT' && path === '/restore' && status === 202,
  );
  expect(restores, told).toHaveLength(1);

  const safety = String(run.result?.['safetyBackup']);
  const record = await stack.document<BackupRecord>(stack.container(HSM), `hsmkeep/${HSM}/${safety}.json`);
  expect(record, told).toMatchObject({ status: 'complete', proofs: [{ level: 'L1' }], holds: [{ by: plan.id }] });
  const inventory = await stack.document<{ parts: { keys: { name: string }[] } }>(
    stack.container(HSM),
    `hsmkeep/${HSM}/${safety}.inventory.json`,
  );
  expect(
    inventory?.parts.keys.map(({ name }) => name),
    told,
  ).toContain('newcomer');
  expect(await stack.document(stack.documents, `locks/${HSM}.json`), told).toBeUndefined();
  for await (const { name } of stack.service.listContainers({ prefix: `backups-${HSM}-landing-` }))
    expect(run.steps.map(({ message }) => message ?? '').join('\n'), `${told}: ${name} is left`).toContain(name);
  return { at, run, starts: restores.length };
}
