import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';
import { decide, execute, grantRestoreDuty, hsmOf, planRestore, takeBackup } from '../support/restores.ts';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack();
  await grantRestoreDuty(stack);
});
afterAll(() => stack?.stop());

const safetyRequests = async (): Promise<string[]> => {
  const names: string[] = [];
  for await (const { name } of stack.documents.listBlobsFlat({ prefix: 'safety/' })) names.push(name);
  return names;
};

test('an app with the restore duty alone has its safety backup taken by the one with the backup duty', { timeout: 120_000 }, async () => {
  await takeBackup(stack);
  await hsmOf(stack).createKey('newcomer');
  await stack.killHost();
  await stack.startHost({ HSMKEEP_DUTIES: 'restore' });

  const plan = (await planRestore(stack)).body;
  await decide(stack, plan);
  await execute(stack, plan);
  await until('the backup to be asked for', async () => (await safetyRequests()).length === 1);
  expect((await stack.api(`/runs/${plan.id}`)).body.steps.at(-1)).toMatchObject({ name: 'Safety backup', status: 'Waiting' });
  expect((await stack.api('/hsms/contoso-hsm/backups', { method: 'POST' })).status).toBe(404);

  // The local host has one task hub: the app with the backup duty comes to it, where on Azure it would have its own.
  await stack.killHost();
  await stack.startHost();
  const stopHurrying = stack.hurry(30_000);
  const run = await stack.runEnd(plan.id);
  await stopHurrying();
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
  expect(await stack.folders('contoso-hsm')).toContain(run.result?.['safetyBackup']);
  expect(await safetyRequests()).toEqual([]);
  expect(await hsmOf(stack).keys()).not.toContain('newcomer');
});
