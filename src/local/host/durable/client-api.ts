import { type Context, Hono } from 'hono';
import { type ClientAddress, instanceLinks } from './client-binding.ts';
import { type DurableEngine, EngineRefusal, type Instance, type InstanceFilter, type RuntimeStatus } from './engine-api.ts';
import { historyView, parseValue, statusView } from './status-view.ts';

const DEFAULT_PAGE = 100;
const CONTINUATION = 'x-ms-continuation-token';
const ENDED: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated', 'Canceled'];

/**
 * The HTTP API of Durable Functions over one engine, without entities and rewind, which answer 501.
 *
 * @param address Of this API, for the links in its answers.
 * @see https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api
 */
export function durableClientApi(engine: DurableEngine, address: ClientAddress): Hono {
  const api = new Hono({ strict: false });

  const started = (c: Context, instanceId: string) => {
    const links = instanceLinks(address, instanceId);
    return c.json(links, 202, { location: links.statusQueryGetUri, 'retry-after': '10' });
  };
  const known = (instanceId: string): Instance => {
    const instance = engine.get(instanceId);
    if (!instance) throw new EngineRefusal(404, `There is no instance ${instanceId}.`);
    return instance;
  };

  api.post('/orchestrators/:name/:id?', async (c) => {
    const { name, id } = c.req.param();
    const version = c.req.query('version');
    const inputJson = await readJson(c);
    const instanceId = await engine.start({ name, inputJson, ...(id ? { instanceId: id } : {}), ...(version ? { version } : {}) });

    const timeoutMs = Number(c.req.query('timeout') ?? 0) * 1000;
    const ended = timeoutMs > 0 ? await engine.waitForEnd(instanceId, timeoutMs) : undefined;
    return ended ? endedAnswer(c, ended) : started(c, instanceId);
  });

  api.get('/instances', (c) => {
    const { instances, continuation } = engine.list({ ...readFilter(c), limit: Number(c.req.query('top')) || DEFAULT_PAGE });
    const showInput = readFlag(c, 'showInput', true);
    return c.json(
      instances.map((instance) => statusView(instance, showInput)),
      200,
      continuation === undefined ? {} : { [CONTINUATION]: continuation },
    );
  });

  api.delete('/instances', async (c) => {
    const { continuation: _, ...filter } = readFilter(c);
    if (filter.createdFrom === undefined) return c.json("Please provide value for 'createdTimeFrom' parameter.", 400);
    const instancesDeleted = await engine.purge(allIds(engine, filter));
    return instancesDeleted > 0 ? c.json({ instancesDeleted }) : c.body(null, 404);
  });

  api.get('/instances/:id', (c) => {
    const instance = known(c.req.param('id'));
    const showInput = readFlag(c, 'showInput', true);
    const showOutput = readFlag(c, 'showHistoryOutput', false);
    const body = statusView(instance, showInput);
    const history = readFlag(c, 'showHistory', false)
      ? { historyEvents: historyView(engine.history(instance.instanceId), { showInput, showOutput }) }
      : {};
    if (!ENDED.includes(instance.status)) return c.json({ ...body, ...history }, 202, { location: c.req.url, 'retry-after': '5' });
    const asError = instance.status === 'Failed' && readFlag(c, 'returnInternalServerErrorOnFailure', false);
    return c.json({ ...body, ...history }, asError ? 500 : 200);
  });

  api.delete('/instances/:id', async (c) => {
    const { instanceId } = known(c.req.param('id'));
    return c.json({ instancesDeleted: await engine.purge([instanceId]) });
  });

  api.post('/instances/:id/:operation{raise[eE]vent}/:event', async (c) => {
    const { id, event } = c.req.param();
    known(id);
    if (!/^application\/json\b/i.test(c.req.header('content-type') ?? ''))
      throw new EngineRefusal(400, 'Only application/json is supported.');
    await engine.raiseEvent(id, event, await readJson(c));
    return c.body(null, 202);
  });

  api.post('/instances/:id/:operation', async (c) => {
    const { id, operation } = c.req.param();
    const reason = c.req.query('reason') ?? null;
    const instance = known(id);
    switch (operation.toLowerCase()) {
      case 'terminate':
        await engine.terminate(id, reason);
        return c.body(null, 202);
      case 'suspend':
        await engine.suspend(id, reason);
        return c.body(null, 202);
      case 'resume':
        await engine.resume(id, reason);
        return c.body(null, 202);
      case 'restart': {
        const same = readFlag(c, 'restartWithNewInstanceId', true) ? {} : { instanceId: id };
        return started(c, await engine.start({ name: instance.name, inputJson: instance.inputJson, ...same }));
      }
      case 'rewind':
        return notHere(c, 'Rewind');
      default:
        return c.body(null, 404);
    }
  });

  api.all('/entities/*', (c) => notHere(c, 'Durable entities'));

  api.onError((error, c) => {
    if (!(error instanceof EngineRefusal)) throw error;
    if (error.status === 404 || error.status === 410) return c.body(null, error.status);
    return c.json({ Message: 'The request was refused.', ExceptionMessage: error.message }, error.status);
  });
  return api;
}

function endedAnswer(c: Context, instance: Instance) {
  if (instance.status === 'Completed') return c.json(parseValue(instance.outputJson), 200);
  return c.json(statusView(instance, true), instance.status === 'Failed' ? 500 : 200);
}

/** Plain text: the client makes it the message of its error. */
function notHere(c: Context, feature: string) {
  return c.text(`${feature}: not available in the local host.`, 501);
}

/** @throws {EngineRefusal} 400 for a body that is not JSON. */
async function readJson(c: Context): Promise<string | null> {
  const text = await c.req.text();
  if (text === '') return null;
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new EngineRefusal(400, 'The body is not JSON.');
  }
}

/** Values are compared without regard to case, as .NET writes `True`. */
function readFlag(c: Context, name: string, fallback: boolean): boolean {
  const text = c.req.query(name)?.toLowerCase();
  return text === 'true' || (text !== 'false' && fallback);
}

function readFilter(c: Context): Omit<InstanceFilter, 'limit'> {
  const statuses = (c.req.queries('runtimeStatus') ?? [])
    .flatMap((list) => list.split(','))
    .filter((word) => word !== '') as RuntimeStatus[];
  return {
    ...present('createdFrom', c.req.query('createdTimeFrom')),
    ...present('createdTo', c.req.query('createdTimeTo')),
    ...present('idPrefix', c.req.query('instanceIdPrefix')),
    ...present('continuation', c.req.header(CONTINUATION)),
    ...(statuses.length > 0 ? { statuses } : {}),
  };
}

function present<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value ? ({ [name]: value } as Record<K, string>) : {};
}

function allIds(engine: DurableEngine, filter: Omit<InstanceFilter, 'limit' | 'continuation'>): string[] {
  const ids: string[] = [];
  let continuation: string | undefined;
  do {
    const page = engine.list({ ...filter, limit: 1000, ...(continuation === undefined ? {} : { continuation }) });
    ids.push(...page.instances.map(({ instanceId }) => instanceId));
    continuation = page.continuation;
  } while (continuation !== undefined);
  return ids;
}
