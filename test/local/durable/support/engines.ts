import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { createEngine, type EngineOptions } from '../../../../src/local/host/durable/engine.ts';
import type { DurableEngine, Instance } from '../../../../src/local/host/durable/engine-api.ts';
import type { Store } from '../../../../src/local/host/durable/store.ts';
import { createMemoryStore } from '../../../../src/local/host/durable/store-memory.ts';
import { openSqliteStore } from '../../../../src/local/host/durable/store-sqlite.ts';
import { realClock } from './clocks.ts';
import { fixtureApp } from './fixture-app.ts';

export const STORE_KINDS = ['memory', 'sqlite'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/** Short enough for a test: a timer beyond 300 ms is cut into pieces of 200 ms. */
export const SHORT_TIMERS = { maximumShort: '00:00:00.3000000', longInterval: '00:00:00.2000000' };

/** A place for a store that can be opened again after it was closed; gone with the test. */
export function storePlace(kind: StoreKind): { open(): Store; path: string } {
  if (kind === 'memory') {
    const store = createMemoryStore();
    return { open: () => store, path: '' };
  }
  const path = join(temporaryFolder(), 'durable.db');
  return { open: () => openSqliteStore(path), path };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-durable-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An engine over the fixture app, stopped at the end of the test. */
export async function openEngine(options: Partial<EngineOptions> = {}): Promise<DurableEngine> {
  const defaults = { store: createMemoryStore(), clock: realClock, timerLengths: SHORT_TIMERS };
  const engine = await createEngine({ app: await fixtureApp(), ...defaults, ...options });
  onTestFinished(() => engine.stop());
  return engine;
}

/** Starts an orchestration. */
export function start(engine: DurableEngine, name: string, input?: unknown, instanceId?: string): Promise<string> {
  const inputJson = input === undefined ? null : JSON.stringify(input);
  return engine.start({ name, inputJson, ...(instanceId ? { instanceId } : {}) });
}

/** How an instance ended, with its output as a value. */
export type Ended = Instance & { readonly output: unknown };

export async function ended(engine: DurableEngine, instanceId: string, timeoutMs = 20_000): Promise<Ended> {
  const instance = await engine.waitForEnd(instanceId, timeoutMs);
  if (instance === undefined) throw new Error(`${instanceId} did not end: ${JSON.stringify(engine.get(instanceId))}`);
  return { ...instance, output: instance.outputJson === null ? null : JSON.parse(instance.outputJson) };
}

export async function run(engine: DurableEngine, name: string, input?: unknown): Promise<Ended> {
  return ended(engine, await start(engine, name, input));
}

/** What an engine holds when nothing is going on. */
export const IDLE = { live: 0, queuedActivities: 0, runningActivities: 0, dueTimers: 0 };

/** Waits until an instance has made its last call and only an event can wake it. */
export async function waitUntilIdle(engine: DurableEngine, instanceId: string): Promise<void> {
  const open = (): number => {
    const counts = (types: readonly number[]): number =>
      engine.history(instanceId).filter(({ EventType }) => types.includes(Number(EventType))).length;
    return counts(CALLS) - counts(ANSWERS);
  };
  await vi.waitFor(
    () => {
      expect(engine.history(instanceId).length).toBeGreaterThan(0);
      expect(open()).toBe(0);
      expect(engine.stats()).toMatchObject({ queuedActivities: 0, runningActivities: 0, dueTimers: 0 });
    },
    { interval: 5, timeout: 5000 },
  );
}

const CALLS = [4, 7, 10];
const ANSWERS = [5, 6, 8, 9, 11];
