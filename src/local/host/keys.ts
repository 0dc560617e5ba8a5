import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../domain/errors.ts';
import { writeFileAtomically } from './atomic-file.ts';

const keyFile = z.object({
  master: z.string().min(1),
  /** Host keys: each opens every function of level `function`. */
  host: z.record(z.string(), z.string()),
  /** By function name. */
  functions: z.record(z.string(), z.record(z.string(), z.string())),
  /** By name, such as `eventgrid_extension`. */
  system: z.record(z.string(), z.string()),
});

export type HostKeys = Readonly<z.infer<typeof keyFile>>;
export type AuthLevel = 'anonymous' | 'function' | 'system' | 'admin';

export const DURABLE_KEY = 'durabletask_extension';
export const EVENT_GRID_KEY = 'eventgrid_extension';

/**
 * Reads the host's keys, making them on the first start. Only the owner may read the file.
 *
 * @throws {OperatorError} when the file is damaged.
 */
export function loadKeys(dataDir: string): HostKeys {
  const path = join(dataDir, 'keys.json');
  if (existsSync(path)) {
    try {
      return keyFile.parse(JSON.parse(readFileSync(path, 'utf8')));
    } catch (error) {
      throw new OperatorError(`The key file ${path} is damaged.`, 'Put it right, or delete it: the next start makes new keys.', {
        cause: error,
      });
    }
  }
  const keys: HostKeys = {
    master: newKey(),
    host: { default: newKey() },
    functions: {},
    system: { [DURABLE_KEY]: newKey(), [EVENT_GRID_KEY]: newKey() },
  };
  writeFileAtomically(path, `${JSON.stringify(keys, undefined, 2)}\n`);
  return keys;
}

/** The key of that name, or a refusal that names it: the file may be older than the extension. */
export function systemKey(keys: HostKeys, name: string): string {
  const key = keys.system[name];
  if (key === undefined)
    throw new OperatorError(`The key file has no system key ${name}.`, 'Delete the file: the next start makes new keys.');
  return key;
}

/**
 * Whether a key opens something. The master key opens everything; any other must be of exactly the level asked for: a system key does not
 * open a function.
 *
 * @param target The function called, whose own keys count for level `function`; or the system key that a webhook asks for.
 * @see https://learn.microsoft.com/azure/azure-functions/function-keys-how-to
 */
export function keyOpens(
  keys: HostKeys,
  level: AuthLevel,
  presented: string | undefined,
  target: { functionName?: string; systemKeyName?: string } = {},
): boolean {
  if (level === 'anonymous') return true;
  if (!presented) return false;
  return candidates(keys, level, target).some((key) => sameKey(key, presented));
}

function candidates(keys: HostKeys, level: AuthLevel, target: { functionName?: string; systemKeyName?: string }): string[] {
  const { functionName, systemKeyName } = target;
  switch (level) {
    case 'function':
      return [keys.master, ...Object.values(keys.host), ...Object.values(functionKeys(keys, functionName))];
    case 'system':
      return [
        keys.master,
        ...Object.entries(keys.system).flatMap(([name, key]) => (!systemKeyName || name === systemKeyName ? [key] : [])),
      ];
    default:
      return [keys.master];
  }
}

function functionKeys(keys: HostKeys, functionName = ''): Readonly<Record<string, string>> {
  const found = Object.entries(keys.functions).find(([name]) => name.toLowerCase() === functionName.toLowerCase());
  return found?.[1] ?? {};
}

/** Takes the same time whatever differs; the hash makes both the same length. */
function sameKey(key: string, presented: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(key), digest(presented));
}

function newKey(): string {
  return randomBytes(40).toString('base64url');
}
