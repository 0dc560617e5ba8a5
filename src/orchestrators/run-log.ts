import type { OrchestrationContext } from 'durable-functions';
import { auditRun } from '../activities/audit-run.ts';
import { queueNotices } from '../activities/queue-notices.ts';
import { saveRun } from '../activities/save-run.ts';
import { sendNotice } from '../activities/send-notice.ts';
import { auditEvents, auditLine } from '../domain/audit.ts';
import type { Count, CountedMetric, MetricLabels } from '../domain/metric.ts';
import { type Run, type RunKind, type Step, type StepStatus, worstStatus } from '../domain/run.ts';
import { runMetrics } from '../domain/run-metrics.ts';
import type { Problem } from '../domain/views.ts';
import { VERSION } from '../version.ts';
import { call, callOnce, problemOf, StepFailed, type Steps, throttlesOf } from './durable.ts';
import { turnsToEnd } from './turns.ts';

/** Keeps a run's steps and shows them as the orchestration's custom status. */
export class RunLog {
  readonly #context: OrchestrationContext;
  #run: Run;
  #facts: Readonly<Record<string, unknown>> | undefined;
  #counts: readonly Count[] = [];

  constructor(context: OrchestrationContext, kind: RunKind, subject: string) {
    this.#context = context;
    this.#run = {
      schema: 'hsmkeep.run/1',
      id: context.df.instanceId,
      kind,
      subject,
      status: 'Running',
      startedAt: this.#now(),
      endedAt: null,
      steps: [],
    };
    this.#show();
  }

  get run(): Run {
    return this.#run;
  }

  /** Opens a step; the one before it, if still open, has gone well. */
  begin(name: string): void {
    this.#closeOpen('Completed');
    this.#set({ steps: [...this.#run.steps, { name, status: 'Running', startedAt: this.#now(), endedAt: null }] });
  }

  /** The open step waits for something outside. */
  waiting(message: string): void {
    this.#change({ status: 'Waiting', message });
  }

  /** Ends the open step well. */
  done(message?: string): void {
    this.#closeOpen('Completed', message === undefined ? {} : { message });
  }

  /** Ends the open step: the run goes on, and ends as Degraded at best. */
  degrade(problem: Problem): void {
    this.#openIfNone();
    this.#closeOpen('Degraded', problem);
  }

  fail(problem: Problem): void {
    this.#openIfNone();
    this.#closeOpen('Failed', problem);
  }

  /** Keeps something for the run's result, which has it also when the run fails. */
  note(facts: Readonly<Record<string, unknown>>): void {
    this.#facts = { ...this.#facts, ...facts };
  }

  /** Counts something that a metric tells when the run has ended. */
  count(metric: CountedMetric, labels: MetricLabels = {}, by = 1): void {
    this.#counts = [...this.#counts, { metric, labels, by }];
  }

  get counts(): readonly Count[] {
    return this.#counts;
  }

  /** The run has ended; its status is the worst of its steps. */
  end(outcome: Readonly<Record<string, unknown>> | undefined): Run {
    this.#closeOpen('Completed');
    const result = this.#facts || outcome ? { ...this.#facts, ...outcome } : undefined;
    this.#set({ status: worstStatus(this.#run.steps), endedAt: this.#now(), ...(result && { result }) });
    return this.#run;
  }

  /** Trouble between two steps needs a place to be told. */
  #openIfNone(): void {
    if (!this.#open()) this.begin('End');
  }

  #open(): Step | undefined {
    const last = this.#run.steps.at(-1);
    return last?.endedAt === null ? last : undefined;
  }

  #closeOpen(status: StepStatus, { message, hint, failure }: Partial<Problem> = {}): void {
    if (!this.#open()) return;
    // What it waited for is over, and so is the message that said so.
    const { message: _, ...step } = this.#open() as Step;
    const words = { ...(message !== undefined && { message }), ...(hint !== undefined && { hint }), ...(failure && { failure }) };
    this.#replaceLast({ ...step, status, endedAt: this.#now(), ...words });
  }

  #change(change: Partial<Step>): void {
    const step = this.#open();
    if (step) this.#replaceLast({ ...step, ...change });
  }

  #replaceLast(step: Step): void {
    this.#set({ steps: [...this.#run.steps.slice(0, -1), step] });
  }

  #set(change: Partial<Run>): void {
    this.#run = { ...this.#run, ...change };
    this.#show();
  }

  #show(): void {
    this.#context.df.setCustomStatus(this.#run);
  }

  #now(): string {
    return this.#context.df.currentUtcDateTime.toISOString();
  }
}

/**
 * Runs the work of a run and stores its record, at the start and at the end, whatever happens in between.
 *
 * @returns The run as it ended.
 */
export function* recordedRun(
  context: OrchestrationContext,
  kind: RunKind,
  subject: string,
  work: (log: RunLog) => Steps<Readonly<Record<string, unknown>> | undefined>,
): Steps<Run> {
  const log = new RunLog(context, kind, subject);
  let result: Readonly<Record<string, unknown>> | undefined;
  try {
    yield* call(context, saveRun, { run: log.run });
    result = yield* work(log);
  } catch (error) {
    log.fail(problemOf(error));
  }

  const throttled = throttlesOf(context);
  if (throttled > 0) {
    result = { ...result, throttled };
    log.count('throttled_total', { scope: 'service' }, throttled);
  }
  const { ended, notices } = yield* audited(context, log, result);
  let stored = ended;
  try {
    yield* call(context, saveRun, { run: ended });
  } catch (error) {
    // The orchestration's own output still tells; the schedule's next look stores it.
    log.begin('Run record');
    log.fail(problemOf(error));
    stored = log.end(result);
  }
  if (notices) yield* announce(context, stored);
  return told(context, stored, log.counts);
}

/** Adds the run to the audit trail. Without that it is degraded: what nobody can show later did not go well. */
function* audited(context: OrchestrationContext, log: RunLog, result: Run['result']): Steps<Readonly<{ ended: Run; notices: boolean }>> {
  const run = log.end(result);
  try {
    const { notices } = yield* call(context, auditRun, { run });
    return { ended: run, notices };
  } catch (error) {
    log.begin('Audit');
    log.degrade(problemOf(error));
    return { ended: log.end(result), notices: true };
  }
}

/** Puts notices into the outbox and sends them. What fails here waits there for the timer, and fails no run. */
function* announce(context: OrchestrationContext, run: Run): Steps<void> {
  try {
    const paths = yield* call(context, queueNotices, { run });
    // What is too much for this history the timer sends.
    for (const path of paths.slice(0, turnsToEnd(context))) yield* callOnce(context, sendNotice, { path });
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    if (!context.df.isReplaying) context.warn(`notices of ${run.id} could not be sent now: ${error.problem.message}`);
  }
}

/** The alerts in infra/ read the metrics; whoever forwards the log has the audit trail in it. */
function told(context: OrchestrationContext, run: Run, counts: readonly Count[]): Run {
  if (context.df.isReplaying) return run;
  for (const line of [...runMetrics(run, counts), ...auditEvents(run, VERSION).map(auditLine)]) context.info(line);
  return run;
}
