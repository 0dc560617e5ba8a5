import { randomUUID } from 'node:crypto';
import type { InvocationInput, InvocationResult, LoadedApp, TypedData } from './app-model.ts';
import type { CoreLog } from './core-module.ts';

/** The part of the framework that knows how arguments and answers travel. */
export interface ProgrammingModel {
  getInvocationModel(context: CoreContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<unknown>;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<NonNullable<InvocationResult['response']>>;
}

/** What the framework is told about one invocation. `state` names the phase, for its warnings about late log calls. */
type CoreContext = {
  invocationId: string;
  metadata: { name: string; bindings: unknown; retryOptions: unknown };
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  request: Record<string, unknown>;
  log(level: string, category: string, message: string): void;
};

/** The hooks that the app registered, by name. A hook may change the context it is given. */
export interface CoreHooks {
  has(name: string): boolean;
  run(name: string, context: Record<string, unknown>): Promise<void>;
}

type Parts = Readonly<{ model: ProgrammingModel; hooks: CoreHooks; log: CoreLog }>;

/** Makes the one way to call a function: framework arguments, hooks before, handler, hooks after, framework answer. */
export function createInvoker({ model, hooks, log }: Parts): LoadedApp['invoke'] {
  return async (fn, inputData, { triggerMetadata, retryContext, rawOnly = false } = {}) => {
    const invocationId = randomUUID();
    const core: CoreContext = {
      invocationId,
      metadata: { name: fn.name, bindings: fn.bindings, retryOptions: fn.retryOptions },
      state: undefined,
      request: { invocationId, functionId: fn.name, inputData, triggerMetadata, retryContext },
      log: (level, category, message) => log(level, category, message, { functionName: fn.name, invocationId }),
    };
    const invocation = model.getInvocationModel(core);
    const { context, inputs } = await invocation.getArguments();

    const phase = async <T>(name: NonNullable<CoreContext['state']>, work: () => Promise<T>): Promise<T> => {
      core.state = name;
      try {
        return await work();
      } finally {
        core.state = undefined;
      }
    };

    const call = { hookData: {}, invocationContext: context, functionCallback: fn.callback, inputs };
    if (hooks.has('preInvocation')) await phase('preInvocationHooks', () => hooks.run('preInvocation', call));

    const outcome = await phase('invocation', () => attempt(() => invocation.invokeFunction(context, call.inputs, call.functionCallback)));

    const ended = { hookData: call.hookData, invocationContext: context, inputs: call.inputs, ...outcome };
    if (hooks.has('postInvocation')) await phase('postInvocationHooks', () => hooks.run('postInvocation', ended));

    if (ended.error !== undefined && ended.error !== null) throw withContext(ended.error, context);
    const raw = ended.result;
    return rawOnly ? { context, raw } : { context, raw, response: await invocation.getResponse(context, raw) };
  };
}

async function attempt(work: () => Promise<unknown>): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: await work(), error: undefined };
  } catch (error) {
    return { result: undefined, error: error ?? new Error('The function threw nothing.') };
  }
}

function withContext(thrown: unknown, context: unknown): Error {
  const error = thrown instanceof Error && Object.isExtensible(thrown) ? thrown : new Error(String(thrown), { cause: thrown });
  return Object.assign(error, { context });
}

/** The value inside typed data, as a host hands it on: bytes become base64 text, nothing becomes null. */
export function fromTypedData(data: TypedData | null | undefined): unknown {
  if (data === null || data === undefined) return null;
  if (typeof data.string === 'string') return data.string;
  if (typeof data.json === 'string') return JSON.parse(data.json);
  if (data.int !== undefined && data.int !== null) return Number(data.int);
  if (data.double !== undefined && data.double !== null) return data.double;
  if (data.bytes) return Buffer.from(data.bytes).toString('base64');
  return null;
}

/**
 * An activity's input as the Durable extension hands it to a Node worker: text as it is, null as nothing, and a boolean by its .NET name, which the
 * handler sees as the text `True` or `False`.
 */
export function activityInput(value: unknown): TypedData {
  if (value === null || value === undefined) return {};
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'boolean') return { string: value ? 'True' : 'False' };
  return { string: JSON.stringify(value) };
}

/** The input of a function's own trigger. */
export const triggerInput = (fn: { trigger: { name: string } }, data: TypedData): InvocationInput => ({ name: fn.trigger.name, data });
