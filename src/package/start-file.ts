import type { PackedFile } from './bundle.ts';

/**
 * The entry of the package. V8's compile cache goes to where Node puts it (NODE_COMPILE_CACHE, else below the temporary folder), because the
 * package itself is read-only on Azure; so it spares the second start on an instance, not the first. It is written once the parts that are
 * loaded later had time to come, as a worker may be ended without notice.
 *
 * @see https://nodejs.org/api/module.html#module-compile-cache
 */
export const startFile = (): PackedFile => ({ path: 'start.js', content: Buffer.from(START) });

const START = `import { enableCompileCache, flushCompileCache } from 'node:module';

enableCompileCache();
await import('./main.js');
setTimeout(flushCompileCache, 20_000).unref();
`;
