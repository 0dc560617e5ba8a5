import type { Requester } from '../domain/rotation/requester.ts';
import { subjectOf } from '../domain/rotation/subject.ts';
import { defineOrchestrator } from './durable.ts';
import { retireAndClose } from './retire-steps.ts';
import { recordedRun } from './run-log.ts';
import { underLock } from './under-lock.ts';

export type RetireSecretInput = Readonly<{ vault: string; name: string; by: Requester }>;

/**
 * The end of a rotation, days after its beginning and an instance of its own: takes the old credential away once its grace is over. An
 * instance that waited all that time would keep an emergency rotation out, and would meet new code under its history.
 */
export const retireSecret = defineOrchestrator('retireSecret', ['rotate'], function* (context, { vault, name, by }: RetireSecretInput) {
  const subject = subjectOf(vault, name);
  return yield* recordedRun(context, 'rotation', subject, (log) =>
    underLock(context, log, subject, function* () {
      log.note({ secret: `${vault}/${name}`, trigger: 'sweep', mode: 'normal', reason: 'grace-over', by });
      const wish = { trigger: 'sweep', mode: 'normal', wanted: null } as const;
      const { end, ...more } = yield* retireAndClose(context, log, { ref: { vault, name }, wish });
      return { outcome: end, ...more };
    }),
  );
});
