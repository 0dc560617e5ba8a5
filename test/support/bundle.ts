import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { bundle, writeFiles } from '../../src/package/bundle.ts';
import type { MadePackage } from '../../src/package/package.ts';
import { startFile } from '../../src/package/start-file.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Makes the package below a folder by the command that people use; `app` in it is what runs. */
export async function packageInto(folder: string, env: Readonly<Record<string, string>> = {}): Promise<MadePackage> {
  const command = [join(ROOT, 'dist/package/main.js'), '--out', folder, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as MadePackage;
}

/**
 * Bundles an entry as the package is bundled.
 *
 * @param entry Relative to the project's folder.
 * @param folder Made when missing. Gets `main.js`, its chunks, `start.js` as in the package, and a package.json that says they are ESM.
 * @returns The paths of `main.js` and `start.js`.
 */
export async function bundleInto(folder: string, entry: string): Promise<{ main: string; start: string }> {
  const { files } = await bundle({ root: ROOT, entry });
  writeFiles(folder, [...files, startFile()]);
  writeFileSync(join(folder, 'package.json'), '{"type":"module","main":"main.js"}\n');
  return { main: join(folder, 'main.js'), start: join(folder, 'start.js') };
}
