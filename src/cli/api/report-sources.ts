import { OperatorError } from '../../domain/errors.ts';
import { firstNight } from '../../domain/report/hsms.ts';
import type { MissingPart, ReportSources, Trail } from '../../domain/report/report.ts';
import type { RestoreView } from '../../domain/restore/view.ts';
import type { SecretView, VaultProblem } from '../../domain/rotation/secret-view.ts';
import type { Run } from '../../domain/run.ts';
import type { HsmView } from '../../domain/views.ts';
import type { ApiClient } from './client.ts';

/** The app of each duty; one client when they are one app. */
export type Apps = Readonly<{ backup: ApiClient; restore: ApiClient; rotate: ApiClient }>;
export type Period = Readonly<{ from: string; to: string; madeAt: string }>;

const DAY_MS = 86_400_000;
/** Runs of the last day may end later: a rotation waits for its target, a restore for the HSM. */
const TRAIL_AFTER_DAYS = 7;
/** How far back it is looked whether an HSM had runs before the period. */
const OLDER_DAYS = 366;
const DAYS_AT_ONCE = 6;

/**
 * Reads all that a report is made of. A part that cannot be had is noted, and takes no other with it.
 *
 * @param say Is told what is read now.
 */
export async function readSources(apps: Apps, period: Period, say: (part: string) => void): Promise<ReportSources> {
  const { from, to } = period;
  const missing: MissingPart[] = [];
  const part = async <T>(name: MissingPart['part'], of: string | null, otherwise: T, read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      missing.push({ part: name, of, message: error.message, hint: error.hint });
      return otherwise;
    }
  };
  // Runs and the audit trail are the same whichever app is asked.
  const any = apps.rotate;

  say('runs');
  const runs = await part('runs', null, [] as readonly Run[], () => listRuns(any, { from, to, top: '1000' }));
  say('secrets');
  const secrets = await part('secrets', null, [] as readonly SecretView[], async () => {
    const { value, problems = [] } = await apps.rotate.list<SecretView>('/secrets?top=1000');
    missing.push(...unlisted(value, problems as readonly VaultProblem[]));
    return value;
  });
  say('HSMs');
  const hsms = await part('hsms', null, [] as readonly HsmView[], async () => (await apps.backup.list<HsmView>('/hsms')).value);
  const older: string[] = [];
  for (const { name } of hsms.filter((hsm) => isUnclear(hsm, runs, from)))
    if (await part('runs', name, false, () => hasOlderRuns(any, name, from))) older.push(name);

  const consents = [];
  for (const { id } of runs.filter(({ kind }) => kind === 'restore'))
    consents.push(...(await part('consents', id, [], async () => [consentOf(await apps.restore.get<RestoreView>(`/restores/${id}`))])));
  say('the audit trail');
  const trail = await part('trail', null, { runs: [], unreadable: 0 }, () => readTrail(any, period));
  return { ...period, secrets, hsms, runs, older, consents, trail, missing };
}

const listRuns = async (api: ApiClient, query: Record<string, string>, limit?: number): Promise<readonly Run[]> =>
  (await api.list<Run>(`/runs?${new URLSearchParams(query)}`, limit)).value;

/** Of a vault of which something was listed, a problem is about something else. */
function unlisted(listed: readonly SecretView[], problems: readonly VaultProblem[]): MissingPart[] {
  const vaults = new Set(listed.map(({ vault }) => vault));
  return problems
    .filter(({ vault }) => !vaults.has(vault))
    .map(({ vault, problem: { message, hint } }) => ({ part: 'secrets', of: vault, message, hint }));
}

/** Whether nights passed in the period before its first run: either nothing was backed up, or hsmkeep was not there yet. */
function isUnclear(hsm: HsmView, runs: readonly Run[], from: string): boolean {
  const first = firstNight(hsm, from);
  return (
    first !== undefined &&
    !runs.some(({ kind, subject, startedAt }) => kind === 'backup' && subject === hsm.name && startedAt < first.until)
  );
}

async function hasOlderRuns(api: ApiClient, subject: string, from: string): Promise<boolean> {
  const since = new Date(Date.parse(from) - OLDER_DAYS * DAY_MS).toISOString();
  return (await listRuns(api, { kind: 'backup', subject, from: since, to: from, top: '1' }, 1)).length > 0;
}

function consentOf({ id, requestedBy, decision }: RestoreView): ReportSources['consents'][number] {
  const approved = decision?.verdict === 'approved' ? decision : null;
  return { id, askedBy: requestedBy.name, approvedBy: approved?.by ?? null, approvedAt: approved?.at ?? null };
}

type AuditDay = Readonly<{ value: readonly Readonly<{ run: string }>[]; unreadable: number }>;

/** Which runs' ends the trail has, day by day. */
async function readTrail(api: ApiClient, { from, to, madeAt }: Period): Promise<Trail> {
  const last = Math.min(Date.parse(to) + TRAIL_AFTER_DAYS * DAY_MS, Date.parse(madeAt));
  const days: string[] = [];
  for (let at = Date.parse(dayOf(from)); at <= last; at += DAY_MS) days.push(dayOf(new Date(at).toISOString()));

  const runs: string[] = [];
  let unreadable = 0;
  const readSome = async (): Promise<void> => {
    for (let day = days.pop(); day !== undefined; day = days.pop()) {
      const found = await api.get<AuditDay>(`/audit?day=${day}`);
      runs.push(...found.value.map(({ run }) => run));
      unreadable += found.unreadable;
    }
  };
  await Promise.all(Array.from({ length: DAYS_AT_ONCE }, readSome));
  return { runs, unreadable };
}

const dayOf = (instant: string): string => instant.slice(0, 'yyyy-mm-dd'.length);
