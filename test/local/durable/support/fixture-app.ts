import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedApp } from '../../../../src/local/host/app-model.ts';
import { createCoreModule } from '../../../../src/local/host/core-module.ts';

/** What the fixture app shares with the tests. */
export type FixtureWorld = {
  /** Runs by activity name. */
  ran: Record<string, number>;
  /** Ends a `held` activity, by its key. */
  release: Record<string, (value: unknown) => void>;
  /** Which version of the changed orchestrators is deployed. */
  code: 'first' | 'second';
};

const APP = fileURLToPath(new URL('../fixtures/app.cjs', import.meta.url));
let loading: Promise<LoadedApp> | undefined;

/** The fixture app, loaded once per process as the host loads one. */
export function fixtureApp(): Promise<LoadedApp> {
  loading ??= load();
  return loading;
}

async function load(): Promise<LoadedApp> {
  const core = createCoreModule();
  createRequire(import.meta.url)(APP);
  return core.finishStartUp(dirname(APP));
}

export const world = (): FixtureWorld => (globalThis as unknown as { engineFixture: FixtureWorld }).engineFixture;
