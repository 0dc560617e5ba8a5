import Module, { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Binding, LoadedApp, RegisteredFunction } from './app-model.ts';
import { type CoreHooks, createInvoker, type ProgrammingModel } from './invoke.ts';

/** One line of the framework's or the app's log. */
export type CoreLog = (level: string, category: string, message: string, source: { functionName?: string; invocationId?: string }) => void;

/** The host's side of `@azure/functions`: collects what the app registers while it is imported, then calls it. */
export interface CoreModule {
  /**
   * Ends start-up, to be called once after the app's entry points were imported: locks `app.setup`, runs the `appStart` hooks and refuses every
   * later registration.
   *
   * @throws {Error} when no entry point imported `@azure/functions`.
   */
  finishStartUp(functionAppDirectory: string): Promise<LoadedApp>;
}

type Metadata = Readonly<{ name: string; bindings: Record<string, Omit<Binding, 'name'>>; retryOptions?: unknown }>;
type Hook = (context: Record<string, unknown>) => unknown;

const SPECIFIER = '@azure/functions-core';
/** There is no such file: the name stands for the module in Node's cache. */
const MODULE_PATH = join(import.meta.dirname, 'functions-core.cjs');

/** What a worker answers to the framework's question for its capabilities. */
const CAPABILITIES = {
  RawHttpBodyBytes: 'true',
  RpcHttpBodyOnly: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  TypedDataCollection: 'true',
};

/** What the framework gets for a registration; `dispose` takes it back. */
class Disposable {
  readonly #onDispose: () => void;

  constructor(onDispose: () => void) {
    this.#onDispose = onDispose;
  }

  static from(...disposables: readonly { dispose(): void }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  dispose(): void {
    this.#onDispose();
  }
}

/**
 * Supplies the module `@azure/functions-core`, through which the framework reaches its host. It must exist before the app is imported: the framework
 * looks for it once, at the first registration, and remembers a failure.
 *
 * @throws {Error} when called twice: the framework keeps the first module for the life of the process.
 */
export function createCoreModule(log: CoreLog = () => {}): CoreModule {
  const registry = new Map<string, RegisteredFunction>();
  const hooks = new Map<string, Hook[]>();
  let model: ProgrammingModel | undefined;
  let started = false;

  install({
    version: '3.10.1',
    hostVersion: '4.1037.0',
    Disposable,
    registerFunction(metadata: Metadata, callback: RegisteredFunction['callback']): Disposable {
      if (started) throw new Error(`Function '${metadata.name}' is registered too late: register functions while the app is imported.`);
      const key = metadata.name.toLowerCase();
      if (registry.has(key)) throw new Error(`A function named '${metadata.name}' is already registered.`);
      registry.set(key, describe(metadata, callback));
      return new Disposable(() => registry.delete(key));
    },
    registerHook(name: string, callback: Hook): Disposable {
      const list = hooks.get(name) ?? [];
      list.push(callback);
      hooks.set(name, list);
      return new Disposable(() => list.splice(list.indexOf(callback), 1));
    },
    setProgrammingModel(next: ProgrammingModel): void {
      model = next;
    },
    getProgrammingModel: () => model,
    log: (level: string, category: string, message: string) => log(level, category, message, {}),
  });

  return {
    async finishStartUp(functionAppDirectory) {
      if (model === undefined) throw new Error('The app registered nothing: none of its entry points imported @azure/functions.');

      const appHookData = {};
      const runHooks: CoreHooks['run'] = async (name, context) => {
        for (const hook of hooks.get(name) ?? []) await hook(Object.assign(context, { appHookData }));
      };
      const capabilities = await model.getCapabilities?.({ ...CAPABILITIES });
      if (asksForStreams(capabilities))
        throw new Error('The app sets enableHttpStream: the local host does not stream HTTP. Leave it out of app.setup.');
      await runHooks('appStart', { hookData: {}, functionAppDirectory });
      started = true;

      const invoke = createInvoker({ model, hooks: { run: runHooks, has: (name) => (hooks.get(name)?.length ?? 0) > 0 }, log });
      return {
        find: (name, triggerType) => only(registry.get(name.toLowerCase()), triggerType),
        ofType: (triggerType) => [...registry.values()].filter((fn) => sameType(fn, triggerType)),
        all: () => [...registry.values()],
        invoke,
        terminate: () => runHooks('appTerminate', { hookData: {}, functionAppDirectory }),
      };
    },
  };
}

/**
 * Answers `require('@azure/functions-core')` with an object of ours, as a module that is loaded already; nothing of Node is replaced. There is no
 * `load` hook: with one, Node 22 runs CommonJS modules through its ES module loader, where some requests of real packages fail.
 */
function install(api: object): void {
  const { cache } = createRequire(import.meta.url);
  if (cache[MODULE_PATH] !== undefined) throw new Error('This process already has a core module: there can be one local host per process.');
  cache[MODULE_PATH] = Object.assign(new Module(MODULE_PATH), { filename: MODULE_PATH, loaded: true, exports: api });

  const url = pathToFileURL(MODULE_PATH).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === SPECIFIER ? { url, format: 'commonjs', shortCircuit: true } : next(specifier, context),
  });
}

/** With `enableHttpStream` the framework answers the address of a proxy of its own, where it then expects every request. */
const asksForStreams = (capabilities: unknown): boolean =>
  typeof capabilities === 'object' && capabilities !== null && 'HttpUri' in capabilities;

function describe({ name, bindings, retryOptions }: Metadata, callback: RegisteredFunction['callback']): RegisteredFunction {
  const named: Record<string, Binding> = {};
  for (const [key, binding] of Object.entries(bindings)) named[key] = { ...binding, name: key } as Binding;

  const trigger = Object.values(named).find(({ type }) => type.toLowerCase().endsWith('trigger'));
  if (trigger === undefined) throw new Error(`Function '${name}' has no trigger.`);
  if (trigger.type.toLowerCase() === 'entitytrigger') {
    throw new Error(`Function '${name}' is an entity: the local host has no durable entities. Keep the state in storage instead.`);
  }
  return { name, bindings: named, trigger, retryOptions, callback };
}

const sameType = (fn: RegisteredFunction, triggerType: string): boolean => fn.trigger.type.toLowerCase() === triggerType.toLowerCase();

const only = (fn: RegisteredFunction | undefined, triggerType: string | undefined): RegisteredFunction | undefined =>
  fn === undefined || (triggerType !== undefined && !sameType(fn, triggerType)) ? undefined : fn;
