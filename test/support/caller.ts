import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEmulator } from './emulator.ts';

export type CallerFiles = Readonly<{
  folder: string;
  config: Readonly<Record<string, unknown>>;
  storageConnectionString?: string;
  /** Of the principal that commands run as; by default the one who may do everything. */
  clientId?: string;
}>;

/**
 * Writes a ready file as the local stack's, so that commands which talk straight to HSMs run as a principal of an emulator.
 *
 * @returns Its path, for `--ready-file`.
 */
export function writeReadyFile(
  { ready }: Pick<TestEmulator, 'ready'>,
  { folder, config, storageConnectionString = '', clientId }: CallerFiles,
): string {
  // As the local stack's data folder is laid out.
  const data = mkdtempSync(join(folder, 'stack-'));
  const caFile = join(data, 'emulator', 'ca.pem');
  mkdirSync(join(data, 'emulator'));
  copyFileSync(ready.caFile, caFile);
  writeFileSync(join(data, 'config.json'), JSON.stringify(config));
  const tokenUrl = clientId === undefined ? ready.tokenUrl : `${ready.tokenUrl}?${new URLSearchParams({ client_id: clientId })}`;
  const file = join(data, 'ready.json');
  writeFileSync(
    file,
    JSON.stringify({ apiUrl: 'http://127.0.0.1:1', users: {}, storageConnectionString, emulator: { ...ready, caFile, tokenUrl } }),
  );
  return file;
}
