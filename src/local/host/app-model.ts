/** A binding as `@azure/functions` registers it; `type` ends in `Trigger` for the one that starts the function. */
export type Binding = Readonly<{ type: string; name: string; direction: string } & Record<string, unknown>>;

export type RegisteredFunction = Readonly<{
  name: string;
  bindings: Readonly<Record<string, Binding>>;
  trigger: Binding;
  /** Host-run retry of the whole function, as registered. */
  retryOptions: unknown;
  callback: (...args: unknown[]) => unknown;
}>;

/** Data that crosses between host and app, exactly one field set; an empty object is `undefined`. */
export type TypedData = Readonly<{ string?: string; json?: string; bytes?: Uint8Array; int?: number; double?: number; http?: unknown }>;

export type InvocationInput = Readonly<{ name: string; data: TypedData }>;

export type InvocationResult = Readonly<{
  /** The invocation context of `@azure/functions`. */
  context: unknown;
  /** What the handler returned, before the framework turned it into typed data. */
  raw: unknown;
  /** `returnValue` and `outputData` as typed data; absent when only the raw value was asked for. */
  response?: { returnValue?: TypedData | null; outputData?: InvocationInput[] };
}>;

/** The functions of the loaded app, and the one way to call them. */
export interface LoadedApp {
  /** By name, without regard to case. */
  find(name: string, triggerType?: string): RegisteredFunction | undefined;
  /** All functions whose trigger has this type, such as `httpTrigger`; without regard to case. */
  ofType(triggerType: string): readonly RegisteredFunction[];
  all(): readonly RegisteredFunction[];
  /** @throws what the handler threw, with the invocation context as `context` on the error. */
  invoke(
    fn: RegisteredFunction,
    inputs: readonly InvocationInput[],
    options?: { triggerMetadata?: Record<string, TypedData>; retryContext?: unknown; rawOnly?: boolean },
  ): Promise<InvocationResult>;
  /** Runs the `appTerminate` hooks. */
  terminate(): Promise<void>;
}
