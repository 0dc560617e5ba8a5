import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['hsmkeep-source', 'node'] };

/** `npm run soak`: long randomised runs, of which `npm test` does a few rounds. */
export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    include: ['test/soak/**/*.soak.ts', 'test/domain/**/*laws.test.ts'],
    env: { HSMKEEP_LAW_CASES: '10000' },
    pool: 'forks',
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
