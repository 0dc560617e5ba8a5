import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { grantRestoreDuty, hsmOf, restoreNow, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ hsm: { repairRoles: true } });
});
afterAll(() => stack?.stop());

/** Restores a backup that is older than a role assignment. */
async function restoreOver(latecomer: string) {
  await takeBackup(stack);
  const roles = [{ hsm: HSM, scope: '/keys', role: 'Crypto User' }];
  const { objectId } = await stack.emulator.control.principal({ name: latecomer, roles });
  const stopHurrying = stack.hurry(2_000);
  const { run } = await restoreNow(stack).finally(stopHurrying);
  const isThere = (await hsmOf(stack).assignments()).some(({ principalId }) => principalId === objectId);
  return { run, isThere };
}

test('role assignments that a restore took away are given again where that is configured and allowed', { timeout: 60_000 }, async () => {
  await grantRestoreDuty(stack, ['Restore User', 'Crypto Auditor', 'Policy Administrator']);
  const { run, isThere } = await restoreOver('latecomer');
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
  expect(run.steps.at(-1)).toMatchObject({ name: 'Role assignments', message: expect.stringMatching(/^1 /) });
  expect(isThere).toBe(true);
});

test('where it is configured and not allowed, they are named with the command', { timeout: 60_000 }, async () => {
  await grantRestoreDuty(stack);
  const { run, isThere } = await restoreOver('another');
  expect(run.status, JSON.stringify(run.steps)).toBe('Degraded');
  expect(run.steps.at(-1)?.hint).toContain('az keyvault role assignment create');
  expect(isThere).toBe(false);
});
