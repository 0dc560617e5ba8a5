import { Hono } from 'hono';
import { type HostKeys, keyOpens } from '../keys.ts';
import type { Log } from '../log.ts';
import { presentedKey } from './presented-key.ts';
import type { RequestHandler } from './server.ts';

type Parts = Readonly<{ functions: RequestHandler; admin: Hono; eventGrid: RequestHandler; durable: Hono; keys: HostKeys; log: Log }>;

/** Everything on the public side: the app's functions, the webhooks of extensions behind their system keys, the admin interface. */
export function publicApp({ functions, admin, eventGrid, durable, keys, log }: Parts): RequestHandler {
  const app = new Hono({ strict: false });
  app.route('/admin', admin);
  app.use('/runtime/webhooks/:extension/*', async (c, next) => {
    const extension = c.req.param('extension').toLowerCase();
    if (!keyOpens(keys, 'system', presentedKey(c.req.raw), { systemKeyName: `${extension}_extension` })) return c.body(null, 401);
    return extension === 'eventgrid' ? eventGrid(c.req.raw) : next();
  });
  app.route('/runtime/webhooks/durabletask', durable);
  app.all('/runtime/*', (c) => c.body(null, 404));
  app.all('*', (c) => functions(c.req.raw));
  return answering(app, log);
}

/**
 * The side that only the app's own durable client uses. It asks for no key, so whatever a browser may have been talked into is refused: a
 * page's request carries an Origin, a rebound name another Host.
 */
export function rpcApp(durable: Hono, port: number, log: Log): RequestHandler {
  const app = new Hono({ strict: false });
  app.use(async (c, next) => {
    const foreign = c.req.header('origin') !== undefined || c.req.header('host') !== `127.0.0.1:${port}`;
    return foreign ? c.body(null, 403) : next();
  });
  app.route('/durabletask', durable);
  return answering(app, log);
}

/** An error that gets this far is a bug of ours: logged with its stack, answered without. */
function answering(app: Hono, log: Log): RequestHandler {
  app.notFound((c) => c.body(null, 404));
  app.onError((error, c) => {
    log('error', 'request failed', { method: c.req.method, path: c.req.path, stack: error.stack });
    return c.body(null, 500);
  });
  return (request) => app.fetch(request);
}
