import { writeDispatch } from '../clients/dispatch.ts';
import type { DispatchState } from '../domain/rotation/dispatch.ts';
import { defineActivity } from './define-activity.ts';

export type NoteDispatchInput = Readonly<{ vault: string; health: DispatchState['health'] }>;

/**
 * Remembers how work on the targets of a vault's secrets went, for the next sweep and for people. Idempotent.
 *
 * @throws {TransientError}
 */
export const noteDispatch = defineActivity(
  'noteDispatch',
  ['rotate'],
  ({ documents }) =>
    async ({ vault, health }: NoteDispatchInput): Promise<null> => {
      await writeDispatch(documents, vault, health);
      return null;
    },
);
