import type { DatabaseSync } from 'node:sqlite';
import type { KeyRecord } from './record.ts';

export type { KeyRecord } from './record.ts';

/** Every live key of one HSM, by name. Soft-deleted keys are left out. */
export function exportKeys(_db: DatabaseSync, _hsm: string): KeyRecord[] {
  return [];
}

/** Adds keys to one HSM; with `replaceAll` the HSM afterwards holds these keys and nothing else, soft-deleted ones included. */
export function importKeys(_db: DatabaseSync, _hsm: string, _records: readonly KeyRecord[], _options: { replaceAll: boolean }): void {}

/** Brings back one key from a backup's records, unless its name is taken. */
export function restoreKey(
  _db: DatabaseSync,
  _hsm: string,
  _name: string,
  _records: readonly KeyRecord[],
): { restored: number; couldNotOverwrite: number } {
  return { restored: 0, couldNotOverwrite: 0 };
}
