import type { LoadedApp, RegisteredFunction } from '../../app-model.ts';
import { triggerInput } from '../../invoke.ts';
import type { FailureDetails } from './events.ts';
import { type Executor, readExecutor } from './executor.ts';
import { type ReplayRequest, requestText } from './request.ts';

/** What one run of the orchestrator over its history came to. */
export type ReplayOutcome = Readonly<{
  /** Absent when the handler failed before it looked at the history. */
  executor?: Executor;
  /** JSON text; undefined when the code set none. The library leaves falsy ones out, so a status cannot be cleared. */
  customStatusJson?: string;
  end?: Readonly<{ kind: 'returned'; outputJson: string | null } | { kind: 'threw'; message: string; failureDetails?: FailureDetails }>;
}>;

type State = Readonly<{ isDone?: boolean; output?: unknown; customStatus?: unknown; error?: string; failureDetails?: FailureDetails }>;

/** Between the useless text before it and the state as JSON after it, in the message of a failed orchestrator. */
const STATE_MARKER = '\n\n$OutOfProcData$:';

/** Runs an orchestrator over its history. Never throws for a failure of the app's code. */
export async function replay(app: LoadedApp, fn: RegisteredFunction, request: ReplayRequest): Promise<ReplayOutcome> {
  try {
    const { context, raw } = await app.invoke(fn, [triggerInput(fn, { string: requestText(request) })], { rawOnly: true });
    const state = raw as State;
    return {
      ...seen(context, state),
      ...(state.isDone ? { end: { kind: 'returned', outputJson: JSON.stringify(state.output) ?? null } } : {}),
    };
  } catch (thrown) {
    return failed(thrown as Error & { context?: unknown });
  }
}

function failed(error: Error & { context?: unknown }): ReplayOutcome {
  const at = error.message.indexOf(STATE_MARKER);
  if (at < 0) return { ...seen(error.context, {}), end: { kind: 'threw', message: error.message } };

  const state = JSON.parse(error.message.slice(at + STATE_MARKER.length)) as State;
  const message = state.error ?? 'the orchestrator threw something that is not an Error';
  return {
    ...seen(error.context, state),
    end: { kind: 'threw', message, ...(state.failureDetails ? { failureDetails: state.failureDetails } : {}) },
  };
}

function seen(context: unknown, { customStatus }: State): Pick<ReplayOutcome, 'executor' | 'customStatusJson'> {
  const executor = readExecutor(context);
  const hasStatus = customStatus !== undefined && customStatus !== null;
  return { ...(executor ? { executor } : {}), ...(hasStatus ? { customStatusJson: JSON.stringify(customStatus) } : {}) };
}
