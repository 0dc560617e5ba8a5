import { ServiceError } from '../service.ts';

const LATEST = '2026-04-01';
const OLDEST_DATED = '2025-06-01';

/** `7.2`, `7.4-preview.1`, `2026-01-01-preview`: what clients send by default over the years. */
const NUMBERED = /^7\.(\d)(-preview(\.\d+)?)?$/;
const DATED = /^(\d{4}-\d{2}-\d{2})(-preview)?$/;

/** The oldest minor version of 7 that each kind of service knows. */
const OLDEST_MINOR = { hsm: 2, vault: 0 } as const;
const NEWEST_MINOR = 6;

/** @throws {ServiceError} 400 BadParameter when the version is missing or unknown */
export function checkApiVersion(kind: 'hsm' | 'vault', version: string | undefined): void {
  if (!version) throw new ServiceError(400, 'BadParameter', 'api-version must be specified');
  if (isKnown(kind, version)) return;
  throw new ServiceError(
    400,
    'BadParameter',
    `The specified version (${version}) is not recognized. Consider using the latest supported version (${LATEST}).`,
  );
}

function isKnown(kind: 'hsm' | 'vault', version: string): boolean {
  const minor = NUMBERED.exec(version)?.[1];
  if (minor !== undefined) return Number(minor) >= OLDEST_MINOR[kind] && Number(minor) <= NEWEST_MINOR;
  const date = DATED.exec(version)?.[1];
  return date !== undefined && date >= OLDEST_DATED && date <= LATEST;
}
