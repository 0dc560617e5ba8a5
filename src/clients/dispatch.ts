import { parseDocument } from '../domain/documents.ts';
import type { WorkItem } from '../domain/rotation/checks.ts';
import type { DispatchState } from '../domain/rotation/dispatch.ts';
import type { BlobStore } from './blob-store.ts';

/** `sweeps/<vault>.json`: what the newest sweep of a vault found, in its order. `sweep`: the instance that works on it. */
export type SweepDocument = Readonly<{ sweep: string; at: string; items: readonly WorkItem[] }>;
type StoredSweep = SweepDocument & Readonly<{ schema: 'hsmkeep.sweep/1' }>;

/** `dispatch/<vault>.json`: how work on the targets of a vault's secrets went of late. */
type StoredDispatch = Readonly<{ schema: 'hsmkeep.dispatch/1'; health: DispatchState['health'] }>;

const sweepPath = (vault: string): string => `sweeps/${vault.toLowerCase()}.json`;
const dispatchPath = (vault: string): string => `dispatch/${vault.toLowerCase()}.json`;

export async function writeSweep(store: BlobStore, vault: string, sweep: SweepDocument): Promise<void> {
  await store.write(sweepPath(vault), JSON.stringify({ schema: 'hsmkeep.sweep/1', ...sweep } satisfies StoredSweep));
}

/** What a sweep found; undefined when a newer one took its place. */
export async function readSweep(store: BlobStore, vault: string, sweep: string): Promise<SweepDocument | undefined> {
  const path = sweepPath(vault);
  const document = await store.read(path);
  const stored = document && parseDocument<StoredSweep>(document.text, 'hsmkeep.sweep/1', path);
  return stored?.sweep === sweep ? stored : undefined;
}

export async function writeDispatch(store: BlobStore, vault: string, health: DispatchState['health']): Promise<void> {
  await store.write(dispatchPath(vault), JSON.stringify({ schema: 'hsmkeep.dispatch/1', health } satisfies StoredDispatch));
}

/** By target; nothing is remembered of targets that are well. */
export async function readDispatch(store: BlobStore, vault: string): Promise<DispatchState['health']> {
  const path = dispatchPath(vault);
  const document = await store.read(path);
  return document ? parseDocument<StoredDispatch>(document.text, 'hsmkeep.dispatch/1', path).health : {};
}
