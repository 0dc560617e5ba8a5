import process from 'node:process';
import { OperatorError } from '../../../domain/errors.ts';

/** A place between an activity's handler and the disk. */
export type BoundaryPoint = Readonly<{
  /** The queued row is on disk and the handler has not begun; the handler is done and its result is not on disk; the result is on disk. */
  kind: 'activity-started' | 'activity-finished' | 'episode-committed';
  instanceId: string;
  /** The activity's registered name. */
  name: string;
  /** The how-manieth point of this kind and name in this process, from 1. */
  ordinal: number;
}>;

export type OnBoundary = (point: BoundaryPoint) => void;

const KINDS: Readonly<Record<string, BoundaryPoint['kind']>> = {
  'before-activity': 'activity-started',
  'after-activity': 'activity-finished',
  'after-commit': 'episode-committed',
};

/**
 * Makes a hook that kills this process, as `kill -9` would, at one boundary of an activity: for tests of what survives.
 *
 * @param spec `<kind>:<activity>:<n>`: kind `before-activity`, `after-activity` or `after-commit`; the n-th time in this process, from 1.
 * @throws {OperatorError} for any other text.
 */
export function crashAt(spec: string): OnBoundary {
  const [, word = '', name = '', count = ''] = /^([a-z-]+):([^:]+):([1-9]\d*)$/.exec(spec) ?? [];
  const kind = KINDS[word];
  if (kind === undefined) {
    throw new OperatorError(
      `'${spec}' names no point to crash at.`,
      `Write <kind>:<activity>:<n> with a kind of ${Object.keys(KINDS).join(', ')}, such as after-activity:startBackup:1.`,
    );
  }
  return (point) => {
    const isHere = point.kind === kind && point.name.toLowerCase() === name.toLowerCase() && point.ordinal === Number(count);
    if (isHere) process.kill(process.pid, 'SIGKILL');
  };
}

/** Counts the points that pass, and reports them. */
export function countBoundaries(report: OnBoundary | undefined): (point: Omit<BoundaryPoint, 'ordinal'>) => void {
  if (report === undefined) return () => {};
  const passed = new Map<string, number>();
  return (point) => {
    const key = `${point.kind}:${point.name}`;
    const ordinal = (passed.get(key) ?? 0) + 1;
    passed.set(key, ordinal);
    report({ ...point, ordinal });
  };
}
