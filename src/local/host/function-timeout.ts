import type { LoadedApp } from './app-model.ts';

/** A function ran longer than host.json allows. It cannot be stopped: what it still does goes unseen. */
export class FunctionTimeout extends Error {
  constructor(functionName: string, timeoutMs: number) {
    super(`Function ${functionName} took longer than the functionTimeout of host.json, ${timeoutMs / 1000} s.`);
    this.name = 'FunctionTimeout';
  }
}

/**
 * The same app with `functionTimeout` of host.json kept: a call that takes longer fails. Azure ends the whole process instead; here one slow
 * function leaves the others alone.
 *
 * @param timeoutMs Undefined is without a limit.
 */
export function limitTime(app: LoadedApp, timeoutMs: number | undefined): LoadedApp {
  if (timeoutMs === undefined) return app;
  const invoke: LoadedApp['invoke'] = async (fn, inputs, options) => {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new FunctionTimeout(fn.name, timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([app.invoke(fn, inputs, options), timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
  return { ...app, invoke };
}
