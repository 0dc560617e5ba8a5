import { setTimeout as delay } from 'node:timers/promises';
import { makeCanary } from '../clients/canary.ts';
import { RefusedError } from '../clients/errors.ts';
import { stableId } from '../clients/stable-id.ts';
import { canaryPath } from '../domain/canary.ts';
import { armPath, isOver } from '../domain/rights/arm.ts';
import { DUTY_ROLES, definitionOf } from '../domain/rights/duty-roles.ts';
import type { ServedHsm } from '../domain/rights/grants.ts';
import { planRemoval, planSetup, type SetupStep } from '../domain/rights/setup-plan.ts';
import { type Fleet, readArm, readRoles } from './fleet.ts';

/** A step of the whole set-up: on an HSM, or beside it. */
export type FleetStep =
  | SetupStep
  | Readonly<{ what: 'container'; change: 'make' | 'keep'; url: string }>
  | Readonly<{ what: 'canary'; change: 'make' | 'keep'; hsm: string; key: string }>
  | Readonly<{ what: 'arm'; change: 'forget'; hsm: string; expiresAt: string }>;

/** `notes`: what could not be looked at and was left out. */
export type FleetPlan = Readonly<{ steps: readonly FleetStep[]; notes: readonly string[] }>;

/**
 * What has to be done until everything is set up; reads only. Containers first, because canaries are kept there. Whoever administers an HSM may
 * have no right on storage: then its part is left out.
 */
export async function planFleet(fleet: Fleet, now: string, only: readonly ServedHsm[] = fleet.hsms): Promise<FleetPlan> {
  const steps: FleetStep[] = [];
  const missing = new Set<string>();
  const closed = new Set<string>();
  for (const { url, exists } of fleet.containers) {
    const isThere = await unlessForbidden(exists);
    if (isThere === undefined) closed.add(url);
    else steps.push({ what: 'container', change: isThere ? 'keep' : 'make', url });
    if (isThere === false) missing.add(url);
  }

  const { url: documents } = fleet.clients.documents;
  for (const hsm of only) {
    const arm = closed.has(documents) ? 'unknown' : missing.has(documents) ? null : await readArm(fleet, hsm.name);
    steps.push(...planSetup({ hsm, principals: fleet.principals, roles: await readRoles(fleet, hsm), arm, now }));
    if (arm !== null && arm !== 'unknown' && isOver(arm, now))
      steps.push({ what: 'arm', change: 'forget', hsm: hsm.name, expiresAt: arm.expiresAt });
    const store = fleet.clients.backups(hsm.name);
    if (hsm.canaryKey !== null && !closed.has(store.url)) {
      const isMade = !missing.has(store.url) && (await store.read(canaryPath(hsm.name))) !== undefined;
      steps.push({ what: 'canary', change: isMade ? 'keep' : 'make', hsm: hsm.name, key: hsm.canaryKey });
    }
  }
  const notes = [...closed].map(
    (url) => `you may not look into ${url}, so what belongs there is left out (role: Storage Blob Data Contributor)`,
  );
  return { steps, notes };
}

async function unlessForbidden<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedError && ['forbidden', 'unauthorised'].includes(error.refusal.kind)) return undefined;
    throw error;
  }
}

/** What has to be taken away until nothing of ours is left on the HSMs. */
export async function planFleetRemoval(fleet: Fleet, only: readonly ServedHsm[] = fleet.hsms): Promise<FleetStep[]> {
  const steps: FleetStep[] = [];
  for (const hsm of only) {
    steps.push(...planRemoval(hsm.name, await readRoles(fleet, hsm)));
    const arm = await readArm(fleet, hsm.name);
    if (arm !== null && arm !== 'unknown') steps.push({ what: 'arm', change: 'forget', hsm: hsm.name, expiresAt: arm.expiresAt });
  }
  return steps;
}

/** Does one step. Safe to repeat; a `keep` does nothing. @param now ISO 8601 UTC */
export async function applyStep(fleet: Fleet, step: FleetStep, now = ''): Promise<void> {
  if (step.change === 'keep') return;
  switch (step.what) {
    case 'container':
      return fleet.containers.find(({ url }) => url === step.url)?.create();
    case 'canary':
      return provideCanary(fleet, step.hsm, step.key, now);
    case 'arm':
      await fleet.clients.documents.remove(armPath(step.hsm));
      return;
    case 'role': {
      const admin = fleet.administration(step.hsm);
      if (step.change === 'remove') return admin.deleteRoleDefinition(DUTY_ROLES[step.role].id);
      await admin.setRoleDefinition(definitionOf(step.role));
      return;
    }
    case 'assignment': {
      const admin = fleet.administration(step.hsm);
      if (step.change === 'take') return admin.deleteRoleAssignment(step.id ?? '', step.scope);
      const role = DUTY_ROLES[step.role].id;
      const { principalId, scope } = step;
      await admin.assignRole({ id: stableId(admin.url, principalId.toLowerCase(), role, scope), principalId, role, scope });
    }
  }
}

/** A right may take a while to hold everywhere. */
const RIGHT_LOOKS = 12;
const RIGHT_LOOK_MS = 5_000;

/**
 * Makes the canary key and what drills hold it against. An administrator of an HSM may not use keys, so the caller is given the right to make
 * this one key, and gives it back whatever happens.
 */
async function provideCanary(fleet: Fleet, hsm: string, key: string, now: string): Promise<void> {
  const admin = fleet.administration(hsm);
  const caller = await admin.callerId();
  const { id: role } = DUTY_ROLES.canary;
  const scope = `/keys/${key}`;
  const id = stableId(admin.url, caller ?? '', role, scope);
  if (caller !== null) {
    await admin.setRoleDefinition(definitionOf('canary'));
    await admin.assignRole({ id, principalId: caller, role, scope });
  }
  try {
    await whenAllowed(() => makeCanary(fleet.clients.hsm(hsm), fleet.clients.backups(hsm), key, now));
  } finally {
    if (caller !== null) {
      await admin.deleteRoleAssignment(id, scope);
      await admin.deleteRoleDefinition(role);
    }
  }
}

async function whenAllowed<T>(work: () => Promise<T>): Promise<T> {
  for (let look = 1; ; look += 1) {
    try {
      return await work();
    } catch (error) {
      const isForbidden = error instanceof RefusedError && error.refusal.kind === 'forbidden';
      if (!isForbidden || look === RIGHT_LOOKS) throw error;
      await delay(RIGHT_LOOK_MS);
    }
  }
}
