import { NotFoundError, OperatorError } from '../domain/errors.ts';
import { type Arm, armPath } from '../domain/rights/arm.ts';
import { DUTY_ROLES, definitionOf } from '../domain/rights/duty-roles.ts';
import { restoreGrants, type ServedHsm } from '../domain/rights/grants.ts';
import { planSetup, type SetupStep } from '../domain/rights/setup-plan.ts';
import { type Fleet, readArm, readRoles } from './fleet.ts';
import { applyStep } from './setup.ts';

/**
 * Gives the restore duty the right to restore into an HSM, until somebody takes it away. When that should be is written down first, so that no
 * right is given of which nobody knows. Doing it again moves the time.
 *
 * @param expiresAt ISO 8601 UTC.
 */
export async function armRestore(fleet: Fleet, hsm: ServedHsm, now: string, expiresAt: string): Promise<Arm> {
  const { clients, principals } = fleet;
  requireStorage(fleet);
  if (!principals.restore)
    throw new OperatorError(
      'The identity of the restore duty is not known.',
      'Name its object id: --identity restore=<object id>, or HSMKEEP_PRINCIPALS as `azd env get-values` prints it.',
    );
  const by = await fleet.administration(hsm.name).callerId();
  const arm: Arm = { schema: 'hsmkeep.arm/1', hsm: hsm.name, principalId: principals.restore, by, armedAt: now, expiresAt };
  await clients.documents.write(armPath(hsm.name), JSON.stringify(arm));

  const { definitions } = await readRoles(fleet, hsm);
  for (const { role, scope } of restoreGrants(hsm)) {
    if (!definitions.some(({ id }) => id.toLowerCase() === DUTY_ROLES[role].id))
      await fleet.administration(hsm.name).setRoleDefinition(definitionOf(role));
    const step = { what: 'assignment', hsm: hsm.name, change: 'give', role, principalId: principals.restore, scope } as const;
    await applyStep(fleet, { ...step, id: null, until: expiresAt });
  }
  return arm;
}

/** Takes away at once what {@link armRestore} gave; what a schedule needs stays. @returns The steps that were done. */
export async function disarm(fleet: Fleet, hsm: ServedHsm, now: string): Promise<SetupStep[]> {
  requireStorage(fleet);
  const arm = await readArm(fleet, hsm.name);
  // Who it was given to is known, also when the identity is not named any more.
  const restore = fleet.principals.restore ?? (arm !== null && arm !== 'unknown' ? arm.principalId : undefined);
  const principals = { ...fleet.principals, ...(restore !== undefined && { restore }) };
  const plan = planSetup({ hsm, principals, roles: await readRoles(fleet, hsm), arm: null, now });
  const taken = plan.filter((step) => step.change === 'take' && isOfRestore(step));
  for (const step of taken) await applyStep(fleet, step);
  await fleet.clients.documents.remove(armPath(hsm.name));
  return taken;
}

const isOfRestore = ({ role }: SetupStep): boolean => role === 'restore' || role === 'repair';

function requireStorage({ storage }: Fleet): void {
  if (storage !== undefined) return;
  throw new NotFoundError(
    'How long the right is given is kept in the app’s own container, and its account was not named.',
    'Name it with --storage or HSMKEEP_STORAGE: https://<account>.blob.core.windows.net.',
  );
}
