import { setTimeout as delay } from 'node:timers/promises';
import { readCanary } from '../../clients/canary.ts';
import { RefusedError } from '../../clients/errors.ts';
import type { ManagedHsm } from '../../clients/managed-hsm.ts';
import { type Check, type CheckName, finding, ok, unknown } from '../../domain/doctor/check.ts';
import { checkClock } from '../../domain/doctor/machine.ts';
import { checkProtection, type Protection } from '../../domain/doctor/protection.ts';
import { checkRights } from '../../domain/doctor/rights.ts';
import type { HsmJob, JobStart } from '../../domain/job.ts';
import { jobFailed } from '../../domain/problems.ts';
import type { ServedHsm } from '../../domain/rights/grants.ts';
import { type Fleet, readArm, readRoles } from '../fleet.ts';
import { attempt } from './attempt.ts';

const POLLS = 60;
const POLL_MS = 1_000;

/** Everything about one HSM. One that does not answer is asked nothing more. @param now This machine's clock. */
export async function checkHsm(fleet: Fleet, hsm: ServedHsm, wants: (check: CheckName) => boolean, now: () => Date): Promise<Check[]> {
  const { name } = hsm;
  const what = { check: 'reachable', subject: name } as const;
  const reached = await attempt('reachable', name, async () => {
    const roles = await readRoles(fleet, hsm);
    const rights = () => attempt('right to restore', name, async () => rightsOf(fleet, hsm, roles, now()));
    const parts: [readonly CheckName[], () => Promise<readonly Check[]>][] = [
      [['rights', 'separation', 'right to restore'], rights],
      [['pre-backup check', 'clock'], () => attempt('pre-backup check', name, () => preBackup(fleet, name, now))],
      [['soft delete', 'purge protection'], () => attempt('purge protection', name, () => protection(fleet, hsm))],
      [['canary'], () => attempt('canary', name, () => canary(fleet, hsm))],
    ];
    const done = await Promise.all(parts.filter(([checks]) => checks.some(wants)).map(([, run]) => run()));
    return [ok(what, `answers at ${fleet.administration(name).url}`), ...done.flat()];
  });
  return reached.filter(({ check }) => wants(check));
}

async function rightsOf(fleet: Fleet, hsm: ServedHsm, roles: Awaited<ReturnType<typeof readRoles>>, now: Date): Promise<Check[]> {
  const arm = await readArm(fleet, hsm.name);
  return checkRights({ hsm, principals: fleet.principals, roles, arm, now: now.toISOString() });
}

/** The HSM's own check of whether it could write a backup; it makes none. Its answer tells its clock. */
async function preBackup({ clients }: Fleet, name: string, now: () => Date): Promise<Check[]> {
  const what = { check: 'pre-backup check', subject: name } as const;
  const { backupTo } = clients.hsmConfig(name);
  const start = await clients.hsm(name).startPreBackup(backupTo);
  if (start.status === 'refused') return [finding(what, start.problem)];
  if (start.status !== 'started') return [unknown(what, busyOrLost(start), 'Run this again when no backup or restore is under way.')];

  const clock = start.date === null ? [] : [checkClock(name, Date.parse(start.date) - now().getTime())];
  const end = await endOf(clients.hsm(name), start.job);
  if (end.status === 'succeeded') return [ok(what, `it can write to ${backupTo.container}`), ...clock];
  if (end.status === 'failed')
    return [finding(what, jobFailed(name, 'pre-backup check', end.code, end.detail, backupTo.container)), ...clock];
  return [unknown(what, `did not end within ${POLLS} s`), ...clock];
}

const busyOrLost = (start: Exclude<JobStart, { status: 'started' | 'refused' }>): string =>
  start.status === 'busy' ? 'another backup or restore is under way' : `gave no answer (${start.detail})`;

async function endOf(hsm: ManagedHsm, job: HsmJob) {
  for (let poll = 0; poll < POLLS; poll += 1) {
    const check = await hsm.checkJob(job);
    if (check.status !== 'running' && check.status !== 'unanswered') return check;
    await delay(POLL_MS);
  }
  return { status: 'unknown' } as const;
}

async function protection(fleet: Fleet, { name, kind, drilledKeys }: ServedHsm): Promise<Check[]> {
  const mayPurge = kind === 'drill' && drilledKeys.length > 0;
  let found: Protection | null;
  try {
    found = await fleet.administration(name).protection();
  } catch (error) {
    if (!(error instanceof RefusedError) || error.refusal.kind !== 'forbidden') throw error;
    const hint = `Give yourself the right to look: hsmkeep role assignment set ${name} --role "Managed HSM Crypto Auditor" --principal <your object id>`;
    return (['soft delete', 'purge protection'] as const).map((check) =>
      unknown({ check, subject: name }, 'you may not read its keys', hint),
    );
  }
  return checkProtection(name, found, mayPurge);
}

async function canary({ clients }: Fleet, { name, canaryKey }: ServedHsm): Promise<Check[]> {
  const what = { check: 'canary', subject: name } as const;
  if (canaryKey === null) return [];
  const found = await readCanary(clients.backups(name), name);
  if (found?.key.toLowerCase() === canaryKey.toLowerCase()) return [ok(what, `made ${found.madeAt}, of ${found.key}`)];
  return [
    finding(what, {
      message: found ? `is of key ${found.key}, and drills use ${canaryKey}` : 'there is none, so a drill can prove nothing',
      hint: `hsmkeep setup --apply --hsm ${name}`,
    }),
  ];
}
