import type { Run } from './run.ts';
import type { FailureCode } from './views.ts';

/** Of a rotation: which secret, who asked and why, and how it is rotated. */
const ABOUT = ['secret', 'by', 'trigger', 'reason', 'mode', 'provider', 'strategy', 'policy', 'policyHash', 'rotationId', 'base'];

/**
 * One line of the audit trail: a step of a run, or (with `step` null) its end with what came of it. No value of a secret, ever. `id` is the
 * same when a line is written twice. Times are ISO 8601 UTC.
 */
export type AuditEvent = Readonly<{
  schema: 'hsmkeep.audit/1';
  id: string;
  at: string;
  run: string;
  kind: Run['kind'];
  subject: string;
  step: string | null;
  outcome: string;
  software: string;
  /** What the run was about and who asked for it, on every line: what of its result answers that. */
  about?: Run['result'];
  failure?: FailureCode;
  message?: string;
  result?: Run['result'];
}>;

/**
 * What the audit trail keeps of a run that has ended.
 *
 * @param software Version of hsmkeep.
 */
export function auditEvents(run: Run, software: string): AuditEvent[] {
  const { id, kind, subject, result, startedAt } = run;
  const about = aboutOf(result);
  const base = { schema: 'hsmkeep.audit/1', run: id, kind, subject, software, ...(about && { about }) } as const;
  const steps = run.steps.map(
    ({ name, status, message, failure, endedAt }, index): AuditEvent => ({
      ...base,
      id: `${id}/${index}`,
      at: endedAt ?? startedAt,
      step: name,
      outcome: status,
      ...(failure && { failure }),
      ...(message !== undefined && { message }),
    }),
  );
  const end: AuditEvent = {
    ...base,
    id: `${id}/end`,
    at: run.endedAt ?? startedAt,
    step: null,
    outcome: run.status,
    ...(result && { result }),
  };
  return [...steps, end];
}

function aboutOf(result: Run['result']): Run['result'] | undefined {
  const about = Object.entries(result ?? {}).filter(([name]) => ABOUT.includes(name));
  return about.length === 0 ? undefined : Object.fromEntries(about);
}

/** The same lines in the app's log, where an alert or a forwarder finds them. */
export const auditLine = (event: AuditEvent): string => `audit ${JSON.stringify(event)}`;

/** The end of a run, as the trail tells. */
export type AuditedEnd = Readonly<Pick<AuditEvent, 'run' | 'kind' | 'subject' | 'outcome' | 'at'>>;

/** What a line of the trail says of the end of a run. `step`: it is about something within a run. `unreadable`: it is no event of ours. */
export function auditedEnd(line: string): AuditedEnd | 'step' | 'unreadable' {
  try {
    const { schema, run, kind, subject, step, outcome, at } = JSON.parse(line) as AuditEvent;
    if (schema !== 'hsmkeep.audit/1') return 'unreadable';
    return step === null ? { run, kind, subject, outcome, at } : 'step';
  } catch {
    return 'unreadable';
  }
}
