/**
 * An engine in a process of its own, to be killed. Arguments: the history file, and optionally where to crash (`crashAt`). Takes requests by messages of
 * the parent: the name of a method of the engine with its arguments; answers each with its result.
 */
import process from 'node:process';
import { crashAt } from '../../../../src/local/host/durable/crash-point.ts';
import { createEngine } from '../../../../src/local/host/durable/engine.ts';
import type { DurableEngine } from '../../../../src/local/host/durable/engine-api.ts';
import { openSqliteStore } from '../../../../src/local/host/durable/store-sqlite.ts';
import { realClock } from './clocks.ts';
import { fixtureApp } from './fixture-app.ts';

type Request = Readonly<{ id: number; method: Exclude<keyof DurableEngine, 'stop'>; args: readonly unknown[] }>;

const [path = '', crash] = process.argv.slice(2);
const engine = await createEngine({
  app: await fixtureApp(),
  store: openSqliteStore(path),
  clock: realClock,
  timerLengths: { maximumShort: '00:00:00.3000000', longInterval: '00:00:00.2000000' },
  ...(crash ? { onBoundary: crashAt(crash) } : {}),
});

process.on('message', async ({ id, method, args }: Request) => {
  const call = engine[method] as (...values: readonly unknown[]) => unknown;
  process.send?.({ id, result: await call(...args) });
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, result: 'ready' });
