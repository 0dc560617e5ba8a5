import { parseRunId } from '../run-id.ts';
import type { Problem } from '../views.ts';
import { grantCommand, type LostAssignment } from './outcome.ts';
import type { RestorePlan } from './plan.ts';

type PlanFacts = Pick<RestorePlan, 'id' | 'source' | 'target' | 'folder'>;

/** So many items are named in a message; the rest is in the document of the restore. */
const MOST_NAMED = 5;

/** The target holds something now that nobody approved to be destroyed. */
export const planChanged = ({ source, target }: PlanFacts, added: readonly string[]): Problem => ({
  message: `The plan changed: the restore would also destroy ${listed(added)} of ${target}. Nothing was done.`,
  hint: `Plan anew, and have that approved: hsmkeep restore plan ${source}${source === target ? '' : ` --target ${target}`}`,
});

export const planRejected = (by: string, note: string | null): Problem => ({
  message: `${by} rejected the restore${note ? `: ${note}` : ''}.`,
  hint: 'Talk to them; another plan can be made at any time.',
});

/** Events say that somebody decided, and nobody has. */
export const announcedTooOften = (id: string): Problem => ({
  message: `Again and again it was announced that restore ${id} was decided on, and it was not.`,
  hint: 'Somebody raises events into the app, which takes its host key: find out who, and renew the key. Then plan anew.',
});

/** No backup of the present state, so nothing may be destroyed. */
export const noSafetyBackup = (target: string, reason: string): Problem => ({
  message: `There is no safety backup of ${target}, so the restore was not begun: ${reason}`,
  hint: `Mend what keeps ${target} from being backed up (hsmkeep backup now ${target} tells), then execute a new plan.`,
});

export const restoreFailed = ({ id, target, source, folder }: PlanFacts, problem: Problem, safety: string): Problem => ({
  message: problem.message,
  hint: `Choose another backup than ${folder}: hsmkeep restore plan ${source} --folder <folder>. ${target} as it was before is in ${safety}. All of it: ${show(id)}. ${problem.hint}`,
});

/** The HSM says no to us after a restore: the role assignments of the backup are in force, and ours are not among them. */
export const accessLost = ({ source, target, folder }: PlanFacts, principalId: string | null): Problem => ({
  message: `${target} no longer lets this app in, so the outcome of the restore is not known. That is how a full restore ends when the backup holds no role of this app.`,
  hint: `An HSM administrator types: ${grants(target, principalId)}. Then look: hsmkeep restore plan ${source}${source === target ? '' : ` --target ${target}`} --folder ${folder} shows no difference when the restore went through.`,
});

/** The restore went through, and what it did cannot be looked at. */
export const cannotCompare = (target: string, principalId: string | null): Problem => ({
  message: `What ${target} holds after the restore could not be read, so it was not compared with the backup.`,
  hint: `An HSM administrator types: ${grants(target, principalId)}`,
});

export const answerLostFoundRestored = (target: string): Problem => ({
  message: `The answer of ${target} to the start of the restore was lost; what it holds shows that the restore went through.`,
  hint: 'Nothing needs to be done; the audit log of the HSM has the job.',
});

export const outcomeUnknown = ({ source, target, folder }: PlanFacts, principalId: string | null): Problem => ({
  message: `The answer of ${target} to the start of the restore was lost, and what it holds could not be read: whether it was restored is not known. It was not started again.`,
  hint: `An HSM administrator types: ${grants(target, principalId)}. Then look: hsmkeep restore plan ${source}${source === target ? '' : ` --target ${target}`} --folder ${folder} shows no difference when the restore went through.`,
});

export const neitherState = ({ id, target }: PlanFacts, safety: string): Problem => ({
  message: `${target} holds neither what it held before nor what the backup holds: a restore ran and did not go through, or somebody changed it meanwhile.`,
  hint: `Compare: ${show(id)}. ${target} as it was before is in ${safety}; plan the restore anew.`,
});

export const neverStarted = (target: string, attempts: number): Problem => ({
  message: `${target} gave no answer to the start of the restore ${attempts} times, and was not restored.`,
  hint: 'Nothing was changed. Check the network path and the health of the service, then execute a new plan.',
});

/** The HSM said no until the deadline. */
export const neverFree = ({ source, target, folder }: PlanFacts, minutes: number): Problem => ({
  message: `Another backup or restore kept ${target} busy for ${minutes} minutes: the restore was not started, and nothing was changed.`,
  hint: `See who backs up or restores ${target} (its audit log names the caller). Then plan anew: hsmkeep restore plan ${source}${source === target ? '' : ` --target ${target}`} --folder ${folder}`,
});

export const nothingRestored = (key: string, detail: string): Problem => ({
  message: `The HSM restored no version of key ${key} (${detail}).`,
  hint: 'The key, or a deleted one of its name, is there: purge it first, then plan anew.',
});

/** Differences that are left after a restore that the HSM calls successful. */
export const differencesLeft = ({ id, target, folder }: PlanFacts, items: readonly string[]): Problem => ({
  message: `${target} differs from ${folder} after the restore: ${listed(items)}.`,
  hint: `See all of it: ${show(id)}. Somebody may have changed ${target} meanwhile.`,
});

/** Role assignments that were made after the backup are gone. @param lost The first of them, `count` in all. */
export const assignmentsLost = ({ id, target }: PlanFacts, lost: readonly LostAssignment[], count: number): Problem => ({
  message: `Role assignments of ${target} that were made after the backup are gone (${count}): ${listed(lost.map(({ name }) => name))}.`,
  hint: [
    'Where they are still wanted, an HSM administrator types:',
    ...lost.slice(0, MOST_NAMED).map(({ command }) => command),
    ...(count > MOST_NAMED ? [`All of them: ${show(id)}`] : []),
  ].join('\n'),
});

/** A drill is a run, and no restore that somebody planned. */
const show = (id: string): string => `hsmkeep ${parseRunId(id)?.kind === 'drill' ? 'run' : 'restore'} show ${id}`;

const grants = (target: string, principalId: string | null): string =>
  ['Managed HSM Restore User', 'Managed HSM Crypto Auditor']
    .map((role) => grantCommand(target, role, principalId ?? "<object id of this app's identity>"))
    .join(' && ');

const listed = (items: readonly string[]): string =>
  items.length > MOST_NAMED ? `${items.slice(0, MOST_NAMED).join(', ')} and ${items.length - MOST_NAMED} more` : items.join(', ');
