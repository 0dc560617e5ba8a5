import process from 'node:process';
import type { Check, CheckName } from '../../domain/doctor/check.ts';
import { checkVersions } from '../../domain/doctor/machine.ts';
import { VERSION } from '../../version.ts';
import type { Fleet } from '../fleet.ts';
import { checkContainer } from './container-checks.ts';
import { checkHsm } from './hsm-checks.ts';
import { checkTarget } from './target-checks.ts';
import { checkVault } from './vault-checks.ts';

export type DoctorOptions = Readonly<{
  /** Checks to make; all when undefined. */
  only?: readonly CheckName[];
  /** Names of HSMs; all when undefined. With any, nothing but HSMs is looked at. */
  hsms?: readonly string[];
  now(): Date;
}>;

/** Looks at everything that the configuration names, and changes nothing. What was looked at first stands first. */
export async function examine(fleet: Fleet, { only, hsms, now }: DoctorOptions): Promise<Check[]> {
  const wants = (check: CheckName): boolean => only === undefined || only.includes(check);
  const chosen = fleet.hsms.filter(({ name }) => hsms === undefined || hsms.includes(name));
  const groups = await Promise.all([
    ...(wants('versions') && hsms === undefined ? [[checkVersions(process.versions.node, VERSION, now().toISOString())]] : []),
    ...chosen.map((hsm) => checkHsm(fleet, hsm, wants, now)),
    ...(wants('container') && hsms === undefined ? [...fleet.containers, ...fleet.copies].map(checkContainer) : []),
    ...(hsms === undefined ? fleet.config.vaults.map((vault) => checkVault(fleet, vault, wants)) : []),
    ...(wants('target') && hsms === undefined ? [Promise.all(targetsOf(fleet).map(checkTarget))] : []),
  ]);
  return groups.flat();
}

const targetsOf = ({ config }: Fleet): string[] => [...new Set(config.vaults.flatMap(({ targets }) => targets))];
