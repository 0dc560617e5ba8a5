import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Baseline, Figure } from '../runner/figure.ts';
import { inTurn, median } from '../runner/rounds.ts';
import type { Row, RowContext } from '../runner/row.ts';
import { runNode } from '../support/child.ts';
import { findModule, howToGet, type InstalledModule } from '../support/optional-module.ts';

const ROUNDS = 3;
const PEER = 'openworkflow';

/** `count`: orchestrations, or the width of the one; fewer of the slower engine, a rate is what is compared. */
type Shape = Readonly<{ what: string; shape: 'chain' | 'fan-out'; inFlight: number; count: number; peerCount: number }>;

const SHAPES: readonly Shape[] = [
  { what: 'local host, 5 chained activities, 1 in flight', shape: 'chain', inFlight: 1, count: 100, peerCount: 40 },
  { what: 'local host, 5 chained activities, 50 in flight', shape: 'chain', inFlight: 50, count: 500, peerCount: 100 },
  { what: 'local host, fan-out of 1,000', shape: 'fan-out', inFlight: 1, count: 1_000, peerCount: 1_000 },
];

/** How fast the laptop's engine is; every answer is flushed to disk on both sides. */
export const host: Row = {
  name: 'host',
  title: `the local host on SQLite (WAL, FULL), beside ${PEER} on SQLite`,
  async measure(context) {
    const peer = findModule(PEER);
    const figures: Figure[] = [];
    for (const shape of SHAPES) {
      context.progress(`${shape.what} …`);
      figures.push(await measureShape(context, shape, peer));
    }
    return figures;
  },
};

async function measureShape({ folder, rounds }: RowContext, shape: Shape, peer: InstalledModule | undefined): Promise<Figure> {
  const run = (count: number, modules?: string) => async () => count / (await drive(folder, shape, count, modules));
  const ours = run(shape.count);
  const samples = peer
    ? await inTurn(rounds(ROUNDS), { ours, peer: run(shape.peerCount, peer.modules) })
    : { ...(await inTurn(rounds(ROUNDS), { ours })), peer: [] };

  const isChain = shape.shape === 'chain';
  const inUnit = (rate: number): number => (isChain ? rate : shape.count / rate);
  const baseline: Baseline = peer
    ? { name: `${PEER} ${peer.version}`, value: inUnit(median(samples.peer)) }
    : { name: `${PEER} on SQLite`, skipped: howToGet(PEER) };
  return { what: shape.what, unit: isChain ? 'runs/s' : 's', ours: inUnit(median(samples.ours)), baseline };
}

/** @returns Seconds. */
async function drive(folder: string, { shape, inFlight }: Shape, count: number, modules?: string): Promise<number> {
  const script = join(import.meta.dirname, '../apps/drive-engine.ts');
  const data = mkdtempSync(join(folder, 'engine-'));
  const args = [data, shape, String(count), String(inFlight), ...(modules ? [modules] : [])];
  const { stdout } = await runNode([...process.execArgv, script, ...args]);
  return Number(stdout);
}
