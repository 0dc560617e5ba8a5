import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogFields } from '../../../../src/local/host/log.ts';
import { type HostOptions, type RunningHost, startHost } from '../../../../src/local/host/start-host.ts';

export const fixtureApp = (name: string): string => join(import.meta.dirname, '../fixtures', name);

export type LogLine = Readonly<{ level: string; message: string; fields: LogFields | undefined }>;

/** A host in this process, with its folder and what it logged. */
export type FixtureHost = RunningHost & Readonly<{ dataDir: string; logged: LogLine[] }>;

/** Starts the fixture app, loaded once per test file; `options.app` of a host before starts it again in the same process. */
export async function startFixture(options: Partial<HostOptions> = {}): Promise<FixtureHost> {
  const logged: LogLine[] = [];
  const dataDir = options.dataDir ?? temporaryFolder();
  const host = await startHost({
    appDir: fixtureApp('app'),
    dataDir,
    settings: { FREQUENT: '*/30 * * * * *' },
    log: (level, message, fields) => logged.push({ level, message, fields }),
    ...options,
  });
  return { ...host, dataDir, logged };
}

const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, gone with the process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'host-'));
  folders.add(folder);
  return folder;
}
