import type { Run, Step } from '../../../src/domain/run.ts';

/** A step that ended well, unless told otherwise. */
export const step = (name: string, changes: Partial<Step> = {}): Step => ({
  name,
  status: 'Completed',
  startedAt: '2026-11-01T00:00:00.000Z',
  endedAt: '2026-11-01T00:00:05.000Z',
  ...changes,
});

/** A run on a secret that began, and ended, at an instant. */
export const rotation = (startedAt: string, result: Run['result'], changes: Partial<Run> = {}): Run => ({
  schema: 'hsmkeep.run/1',
  id: `rotation-kv.db-${startedAt.replace(/[-:.]/g, '')}`,
  kind: 'rotation',
  subject: 'kv.db',
  status: 'Completed',
  startedAt,
  endedAt: startedAt,
  steps: [],
  ...(result && { result }),
  ...changes,
});

/** A run on an HSM that began, and ended, at an instant. */
export const onHsm = (kind: Run['kind'], startedAt: string, changes: Partial<Run> = {}): Run => ({
  ...rotation(startedAt, undefined),
  id: `${kind}-emea-${startedAt.replace(/[-:.]/g, '')}`,
  kind,
  subject: 'emea',
  ...changes,
});
