import type { LoadedApp } from './app-model.ts';
import { withinTime } from './within-time.ts';

/** An app whose calls are counted, so that the host can end between them. */
export type TrackedApp = Readonly<{
  app: LoadedApp;
  /** From now on no activity begins. Resolves when no call runs any more, or after the time, whichever comes first. */
  finish(timeoutMs: number): Promise<void>;
}>;

export function trackCalls(app: LoadedApp): TrackedApp {
  const running = new Set<Promise<unknown>>();
  let finishing = false;

  const invoke: LoadedApp['invoke'] = (fn, inputs, options) => {
    // The engine has the call on disk and makes it again after the next start.
    if (finishing && fn.trigger.type.toLowerCase() === 'activitytrigger') return new Promise(() => {});
    const call = app.invoke(fn, inputs, options).finally(() => running.delete(call));
    running.add(call);
    return call;
  };

  return {
    app: { ...app, invoke },
    finish: (timeoutMs) => {
      finishing = true;
      return withinTime(allDone(running), timeoutMs);
    },
  };
}

async function allDone(running: ReadonlySet<Promise<unknown>>): Promise<void> {
  // What ends may have begun something else.
  while (running.size > 0) await Promise.allSettled(running);
}
