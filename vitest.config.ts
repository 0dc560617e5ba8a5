import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['hsmkeep-source', 'node'] };

/** The tests start hundreds of processes, of which each would compile the same packages anew: a third of all the time that the processor has to give. */
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compile');

/** Pure code shares one process; whatever starts servers or child processes gets a process of its own. */
const pure = ['test/domain/**/*.test.ts', 'test/config/**/*.test.ts'];

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    reporters: ['default'],
    // Most of the time these tests wait for a process or a timer, so there may be more of them than cores.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['src/domain/**'],
      reporter: ['text-summary'],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: [...pure, 'test/bench/**', 'test/soak/**'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
