/** The calls that an orchestrator can make, with the numbers of Durable Functions. */
export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
  ReleaseEntities: 14,
} as const;

/** How an activity or sub-orchestration is tried again. */
export type RetryOptions = Readonly<{
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}>;

type CallActivity = Readonly<{ actionType: 0 | 1; functionName: string; input?: unknown; retryOptions?: RetryOptions }>;
type CallSubOrchestrator = Readonly<{
  actionType: 2 | 3;
  functionName: string;
  instanceId?: string;
  input?: unknown;
  version?: string;
  retryOptions?: RetryOptions;
}>;
type CreateTimer = Readonly<{ actionType: 5; fireAt: Date; isCanceled: boolean }>;
type ContinueAsNew = Readonly<{ actionType: 4; input?: unknown }>;
type Other = Readonly<{ actionType: 6 | 7 | 8 | 9 | 13 | 14 }>;
type Compound = Readonly<{ actionType: 11 | 12; compoundActions: readonly Action[] }>;

/** A call that the host carries out. */
export type WorkAction = CallActivity | CallSubOrchestrator | CreateTimer;
export type SimpleAction = WorkAction | ContinueAsNew | Other;
export type Action = SimpleAction | Compound;

const REFUSED: Readonly<Record<number, string>> = {
  [ActionType.CallEntity]: 'durable entities (callEntity)',
  [ActionType.SignalEntity]: 'durable entities (signalEntity)',
  [ActionType.LockEntities]: 'critical sections (df.lock)',
  [ActionType.ReleaseEntities]: 'critical sections (df.lock)',
  [ActionType.CallHttp]: 'callHttp',
};

/** The calls inside compound ones, depth first, in the order in which they were made. An object that was given twice comes twice. */
export function flatten(actions: readonly Action[]): SimpleAction[] {
  return actions.flatMap((action) => ('compoundActions' in action ? flatten(action.compoundActions) : [action]));
}

/** Every action object, the compound ones too. */
export function actionObjects(actions: readonly Action[], into: Set<unknown> = new Set()): Set<unknown> {
  for (const action of actions) {
    into.add(action);
    if ('compoundActions' in action) actionObjects(action.compoundActions, into);
  }
  return into;
}

export const isWork = (action: SimpleAction): action is WorkAction =>
  action.actionType <= 5 && action.actionType !== ActionType.ContinueAsNew;

/**
 * Why the host cannot carry out these calls, or undefined when it can.
 *
 * One task object in two compound calls is refused too: Azure cannot tell the second one from a new call and runs the work twice.
 *
 * @see https://github.com/Azure/azure-functions-durable-js/issues/574 and, for the retry timeout, issue 629
 */
export function refusal(actions: readonly SimpleAction[]): string | undefined {
  const seen = new Set<SimpleAction>();
  for (const action of actions) {
    const feature = REFUSED[action.actionType];
    if (feature !== undefined) return `the local host does not support ${feature}`;
    if ('retryOptions' in action && action.retryOptions?.retryTimeoutInMilliseconds !== undefined) {
      return 'the local host does not support retryTimeoutInMilliseconds: on Azure such a call never ends; limit the number of attempts instead';
    }
    if (seen.has(action)) {
      return `a task was given to a second Task.any or Task.all${nameOf(action)}: on Azure it would run twice; make one compound task of it`;
    }
    seen.add(action);
  }
  return undefined;
}

const nameOf = (action: SimpleAction): string => ('functionName' in action ? ` (${action.functionName})` : '');

/** Milliseconds before the attempt that follows `failedAttempts` failed ones. None after the last: the library only waits for the timer to fire. */
export function retryDelayMs(options: RetryOptions, failedAttempts: number): number {
  if (failedAttempts >= options.maxNumberOfAttempts) return 0;
  const delay = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** (failedAttempts - 1);
  return Math.min(delay, options.maxRetryIntervalInMilliseconds ?? Number.POSITIVE_INFINITY);
}
