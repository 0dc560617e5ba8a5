import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The URL of a module beside the calling one, in the form that runs: `.js` in dist, `.ts` in src.
 *
 * @param path Relative and without an ending: `../host/main`.
 */
function sibling(from: string, path: string): URL {
  return new URL(path + extname(fileURLToPath(from)), from);
}

/** The folder of the project: where package.json and host.json are. */
export const projectFolder: string = findUp(dirname(fileURLToPath(import.meta.url)));

/** Azurite with all its services in one process. */
export const azuriteScript: string = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');

export const emulatorScript: string = fileURLToPath(sibling(import.meta.url, '../../emulator/main'));
/** An example that stands alone, run as a part of the stack. */
export const receiverScript: string = fileURLToPath(sibling(import.meta.url, './targets/webhook-receiver'));
export const hostScript: string = fileURLToPath(sibling(import.meta.url, '../host/main'));

function findUp(folder: string): string {
  if (existsSync(join(folder, 'host.json')) || folder === dirname(folder)) return folder;
  return findUp(dirname(folder));
}
