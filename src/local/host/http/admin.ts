import { Hono } from 'hono';
import type { LoadedApp, RegisteredFunction } from '../app-model.ts';
import type { CallFunction } from '../function-caller.ts';
import { type HostKeys, keyOpens } from '../keys.ts';
import { errorText, type Log } from '../log.ts';
import type { FunctionTimer } from '../timers/function-timer.ts';
import { presentedKey } from './presented-key.ts';

type Surroundings = Readonly<{ app: LoadedApp; call: CallFunction; timers: readonly FunctionTimer[]; keys: HostKeys; log: Log }>;

/** A request or an orchestration makes no sense from a single text. */
const BY_HAND = /^(timer|queue|eventGrid)Trigger$/i;

/**
 * The host's own interface, behind the master key: what is loaded, and running a function by hand in the background.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
 */
export function adminApi({ app, call, timers, keys, log }: Surroundings): Hono {
  const triggerInput = (fn: RegisteredFunction, input: string) =>
    timers.find(({ functionName }) => functionName === fn.name)?.payload(false) ?? { string: input };

  const runInBackground = (fn: RegisteredFunction, input: string): void => {
    call(fn, triggerInput(fn, input)).catch((error: unknown) => {
      log('error', 'function started by hand failed', { function: fn.name, reason: errorText(error) });
    });
  };

  const api = new Hono();
  api.use(async (c, next) => (keyOpens(keys, 'admin', presentedKey(c.req.raw)) ? next() : c.body(null, 401)));
  api.get('/host/status', (c) => c.json({ id: 'local', state: 'Running', version: '4' }));
  api.get('/functions', (c) => c.json(app.all().map(describe)));
  api.get('/functions/:name', (c) => {
    const fn = app.find(c.req.param('name'));
    return fn ? c.json(describe(fn)) : c.body(null, 404);
  });
  api.post('/functions/:name', async (c) => {
    const fn = app.find(c.req.param('name'));
    if (!fn) return c.body(null, 404);
    if (!BY_HAND.test(fn.trigger.type)) return c.text(`A function with a ${fn.trigger.type} cannot be run by hand.`, 400);
    const input = await readInput(c.req.raw);
    if (input === undefined) return c.text('The body has to be {"input": "…"}.', 400);
    runInBackground(fn, input);
    return c.body(null, 202);
  });
  return api;
}

function describe({ name, bindings }: RegisteredFunction) {
  return { name, config: { bindings: Object.values(bindings) } };
}

/** The `input` of a body `{"input": …}`, empty when there is none; undefined for a body of another form. */
async function readInput(request: Request): Promise<string | undefined> {
  try {
    const body: unknown = JSON.parse(await request.text());
    if (typeof body !== 'object' || body === null) return undefined;
    const { input = '' } = body as { input?: unknown };
    return typeof input === 'string' ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}
