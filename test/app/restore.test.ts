import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupRecord } from '../../src/domain/record.ts';
import { type AppStack, startAppStack } from '../support/app-stack.ts';
import { grantRestoreDuty, hsmOf, restoreNow, takeBackup } from '../support/restores.ts';

const HSM = 'contoso-hsm';

let stack: AppStack;
beforeAll(async () => {
  stack = await startAppStack({ hsms: [HSM, 'contoso-spare'] });
  await grantRestoreDuty(stack);
});
afterAll(() => stack?.stop());

describe('a full restore', () => {
  test('brings back what was there, and takes away what came after', { timeout: 120_000 }, async () => {
    const hsm = hsmOf(stack);
    const version = await hsm.createKey('payments');
    const secret = await hsm.encrypt('payments', version, 'before');
    const folder = await takeBackup(stack);
    await hsm.deleteKey('payments');
    await hsm.purgeKey('payments');
    await hsm.createKey('newcomer');
    const { objectId } = await stack.emulator.control.principal({
      name: 'latecomer',
      roles: [{ hsm: HSM, scope: '/keys', role: 'Crypto User' }],
    });

    const { plan, run } = await restoreNow(stack);
    expect(plan.folder).toBe(folder);
    expect(plan.diff).toMatchObject({
      keys: { vanish: [expect.stringMatching(/^newcomer\//)], comeBack: [`payments/${version}`] },
      roleAssignments: { vanish: [`Managed HSM Crypto User for ${objectId} at /keys`], comeBack: [] },
    });

    expect(run.status, JSON.stringify(run.steps, null, 1)).toBe('Degraded');
    expect(run.steps.map(({ name }) => name)).toEqual([
      'Approval',
      'Safety backup',
      'Lock',
      'Plan again',
      'Pre-restore check',
      'Start',
      'Restore',
      'Compare',
      'Role assignments',
    ]);
    expect(await hsm.keys()).toEqual(['payments']);
    expect(await hsm.decrypt('payments', version, secret)).toBe('before');

    const lost = run.steps.at(-1);
    expect(lost?.hint).toContain(
      `az keyvault role assignment create --hsm-name ${HSM} --role "Managed HSM Crypto User" --scope /keys --assignee-object-id ${objectId}`,
    );
    const safety = String(run.result?.['safetyBackup']);
    const record = await stack.document<BackupRecord>(stack.container(HSM), `hsmkeep/${HSM}/${safety}.json`);
    expect(record).toMatchObject({ status: 'complete', holds: [{ by: plan.id }] });
    expect((await stack.api(`/restores/${plan.id}`)).body).toMatchObject({
      state: 'done',
      runId: plan.id,
      decision: { by: expect.stringContaining('bob') },
    });
  });
});
