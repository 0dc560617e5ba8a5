import type { InvocationResult, LoadedApp, RegisteredFunction, TypedData } from './app-model.ts';

export type CallOptions = Readonly<{ triggerMetadata?: Record<string, TypedData>; retryContext?: unknown }>;

/**
 * Calls a function for its trigger and adds the inputs that the host provides.
 *
 * @throws what the function threw.
 */
export type CallFunction = (fn: RegisteredFunction, triggerData: TypedData, options?: CallOptions) => Promise<InvocationResult>;

/** @param durableClient JSON text of the durable client binding. */
export function functionCaller(app: LoadedApp, durableClient: string): CallFunction {
  return (fn, triggerData, options = {}) => {
    const clients = Object.values(fn.bindings).filter(isDurableClient);
    const inputs = [
      { name: fn.trigger.name, data: triggerData },
      ...clients.map(({ name }) => ({ name, data: { string: durableClient } })),
    ];
    return app.invoke(fn, inputs, options);
  };
}

function isDurableClient({ direction, type }: RegisteredFunction['trigger']): boolean {
  return direction === 'in' && /^(durableClient|orchestrationClient)$/i.test(type);
}
