import type { Change, Store } from './store.ts';

/** One group of changes and what waits for it. */
type Entry = Readonly<{ changes: readonly Change[]; done: () => void; fail: (error: unknown) => void }>;

/** Collects the changes of one turn of the event loop into one transaction: a flush to disk costs the same for one change as for a thousand. */
export interface Commits {
  /** Changes are stored in the order of the calls; `afterwards` runs once they are on disk, before anything of a later turn is stored. */
  add(changes: readonly Change[], afterwards?: () => void): void;
  /** The same; resolves after `afterwards`. @throws when the store failed (nothing of this turn was stored) or is closed. */
  stored(changes: readonly Change[], afterwards?: () => void): Promise<void>;
  /** Stores at once what was collected, and takes nothing more. */
  close(): void;
}

/** @param onFailure Told when a transaction failed. From then on memory and disk disagree, so the engine must stop. */
export function createCommits(store: Store, onFailure: (error: unknown) => void): Commits {
  let entries: Entry[] = [];
  let turn: NodeJS.Immediate | undefined;
  let closed = false;

  const flush = (): void => {
    turn = undefined;
    const group = entries;
    entries = [];
    const all = group.flatMap(({ changes }) => changes);
    try {
      if (all.length > 0) store.commit(all);
    } catch (error) {
      closed = true;
      onFailure(error);
      for (const { fail } of group) fail(error);
      return;
    }
    for (const { done } of group) done();
  };

  const push = (entry: Entry): void => {
    if (closed) {
      entry.fail(new Error('The store is closed.'));
      return;
    }
    entries.push(entry);
    turn ??= setImmediate(flush);
  };

  return {
    add: (changes, afterwards = () => {}) => push({ changes, done: afterwards, fail: () => {} }),
    stored: (changes, afterwards = () => {}) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          afterwards();
          resolve();
        };
        push({ changes, done, fail: reject });
      }),
    close() {
      clearImmediate(turn);
      while (entries.length > 0) flush();
      closed = true;
    },
  };
}
