import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

export const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Bundles an entry as it is deployed: one minified ESM file for what every start needs, and one for each part that is loaded when first used.
 *
 * @param entry Relative to the project's folder.
 * @param folder Made when missing. Gets `main.js`, its chunks and a package.json that says they are ESM.
 * @returns The path of `main.js`.
 */
export async function bundle(entry: string, folder: string): Promise<string> {
  const built = await rolldown({
    input: { main: join(ROOT, entry) },
    cwd: ROOT,
    platform: 'node',
    // The Functions worker brings this one.
    external: ['@azure/functions-core'],
    resolve: { conditionNames: ['hsmkeep-source', 'node', 'import', 'default'] },
  });
  mkdirSync(folder, { recursive: true });
  await built.write({ dir: folder, format: 'esm', minify: true });
  await built.close();
  writeFileSync(join(folder, 'package.json'), '{"type":"module","main":"main.js"}\n');
  return join(folder, 'main.js');
}

/**
 * Writes a start file beside a bundle: it switches on V8's compile cache, then loads the bundle.
 *
 * @param main What {@link bundle} gave.
 * @returns The path of the start file.
 */
export function withCompileCache(main: string): string {
  const start = join(main, '..', 'start.js');
  writeFileSync(
    start,
    [
      "import { enableCompileCache } from 'node:module';",
      "import { fileURLToPath } from 'node:url';",
      "enableCompileCache(fileURLToPath(new URL('compile-cache', import.meta.url)));",
      "await import('./main.js');\n",
    ].join('\n'),
  );
  return start;
}
