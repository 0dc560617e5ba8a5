import { later } from './rotation/duration.ts';
import type { Run, RunStatus } from './run.ts';

/** What a person wants to hear of. */
export type NoticeOn = 'failed' | 'degraded' | 'recovered' | 'overdue';

/** What is sent, as JSON. `text` is for people (and what chat services show); the rest is for programs. Never a value. */
export type NoticeBody = Readonly<{
  /** The same for every copy of a notice: receivers dedupe by it. */
  id: string;
  type:
    | `run.${Exclude<NoticeOn, 'overdue'>}`
    | 'hsm.overdue'
    | 'secret.rotated'
    | 'secrets.overdue'
    | 'secrets.old-valid'
    | 'secrets.recovered';
  at: string;
  text: string;
  run?: Readonly<{ id: string; kind: Run['kind']; subject: string; status: RunStatus; message: string | null; hint: string | null }>;
  /** After a rotation: until `graceUntil` the old credential works, too. */
  secret?: Readonly<{ ref: string; version: string; rotationId: string | null; graceUntil: string | null }>;
  hsm?: Readonly<{ name: string; newestProvenAgeHours: number | null }>;
  /** Several of a vault; `names`: the first of them. */
  secrets?: Readonly<{ vault: string; count: number; names: readonly string[] }>;
}>;

/** One notice on its way to one endpoint. `endpoint`: its name in the configuration. Times are ISO 8601 UTC. */
export type QueuedNotice = Readonly<{
  schema: 'hsmkeep.notice/1';
  endpoint: string;
  body: NoticeBody;
  attempts: number;
  nextAt: string;
}>;

type Endpoint = Readonly<{ name: string; on: readonly NoticeOn[] }>;

/**
 * What a run that has ended is told of, if anything.
 *
 * @param before How the run of the same kind and subject before it had ended; null: there was none.
 */
export function noticeOf(run: Run, before: RunStatus | null): Readonly<{ on: NoticeOn; body: NoticeBody }> | null {
  const on = occasion(run.status, before);
  if (on === null) return null;
  const { id, kind, subject, status } = run;
  const worst = run.steps.findLast((step) => step.status === status && step.message !== undefined);
  const message = on === 'recovered' ? null : (worst?.message ?? null);
  const hint = on === 'recovered' ? null : (worst?.hint ?? null);
  const text = [
    `${kind} of ${subject}: ${on === 'recovered' ? 'well again' : status}`,
    message,
    hint && `What to do: ${hint}`,
    `Run ${id}`,
  ];
  return {
    on,
    body: {
      id: `${id}.${on}`,
      type: `run.${on}`,
      at: run.endedAt ?? run.startedAt,
      text: text.filter((line) => line !== null).join('\n'),
      run: { id, kind, subject, status, message, hint },
    },
  };
}

function occasion(status: RunStatus, before: RunStatus | null): Exclude<NoticeOn, 'overdue'> | null {
  if (status === 'Failed') return 'failed';
  if (status === 'Degraded') return 'degraded';
  return status === 'Completed' && (before === 'Failed' || before === 'Degraded') ? 'recovered' : null;
}

/** What consumers of a secret are told after its rotation; null when nothing was published. */
export function rotatedNotice({ id, endedAt, startedAt, result }: Run): NoticeBody | null {
  const text = (name: string): string | null => (typeof result?.[name] === 'string' ? (result[name] as string) : null);
  const [ref, version, graceUntil] = [text('secret'), text('version'), text('graceUntil')];
  if (ref === null || version === null) return null;
  return {
    id: `${version}.rotated`,
    type: 'secret.rotated',
    at: endedAt ?? startedAt,
    text: `${ref} has a new version${graceUntil === null ? '' : `; the old one works until ${graceUntil}`}\nRun ${id}`,
    secret: { ref, version, rotationId: text('rotationId'), graceUntil },
  };
}

/** An HSM whose newest proven backup is too old; told once a day. */
export function overdueNotice(hsm: string, newestProvenAgeHours: number | null, now: string): NoticeBody {
  const age = newestProvenAgeHours === null ? 'it has none' : `the newest is ${Math.floor(newestProvenAgeHours)} hours old`;
  return {
    id: `${hsm}.${now.slice(0, 'yyyy-MM-dd'.length)}.overdue`,
    type: 'hsm.overdue',
    at: now,
    text: `${hsm} has no proven backup that is young enough: ${age}.\nWhat to do: hsmkeep run list --kind backup`,
    hsm: { name: hsm, newestProvenAgeHours },
  };
}

/** A notice for each endpoint that wants to hear of this. */
export const addressed = (endpoints: readonly Endpoint[], on: NoticeOn, body: NoticeBody): QueuedNotice[] =>
  endpoints.filter((endpoint) => endpoint.on.includes(on)).map(({ name }) => queuedFor(name, body));

export const queuedFor = (endpoint: string, body: NoticeBody): QueuedNotice => ({
  schema: 'hsmkeep.notice/1',
  endpoint,
  body,
  attempts: 0,
  nextAt: body.at,
});

const MINUTE_MS = 60_000;
const LONGEST_MS = 6 * 60 * MINUTE_MS;
const GIVEN_UP_AFTER_MS = 3 * 24 * 60 * MINUTE_MS;

/** A notice as it stands while it is being sent: should that fail, it is due again after a growing while. */
export const attempted = (notice: QueuedNotice, now: string): QueuedNotice => ({
  ...notice,
  attempts: notice.attempts + 1,
  nextAt: later(now, Math.min(MINUTE_MS * 4 ** notice.attempts, LONGEST_MS)),
});

/** Whether nobody would be served any more by sending it. */
export const isGivenUp = ({ body }: QueuedNotice, now: string): boolean => now >= later(body.at, GIVEN_UP_AFTER_MS);
