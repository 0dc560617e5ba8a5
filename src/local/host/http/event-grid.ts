import { z } from 'zod';
import type { LoadedApp, RegisteredFunction } from '../app-model.ts';
import type { CallFunction } from '../function-caller.ts';
import { errorText, type Log } from '../log.ts';

type Surroundings = Readonly<{ app: LoadedApp; call: CallFunction; log: Log }>;

/** Origins from which Event Grid may ask whether it may deliver, by cloud. */
const EVENT_GRID_ORIGIN = /^eventgrid\.azure\.(net|us|cn)$/;

/**
 * The webhook of Event Grid triggers, for both of its schemas: answers the handshakes and calls the function once per event. One failed event
 * fails the delivery, and Event Grid sends all of it again.
 *
 * @see https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema
 * @see https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md
 */
export function eventGridWebhook({ app, call, log }: Surroundings): (request: Request) => Promise<Response> {
  return async (request) => {
    const name = new URL(request.url).searchParams.get('functionName') ?? '';
    const fn = app.find(name, 'eventGridTrigger');
    if (!fn) return new Response(`cannot find function: '${name}'`, { status: 404 });
    if (request.method === 'OPTIONS') return allowOrigin(request);
    if (request.method !== 'POST') return new Response(null, { status: 404 });

    switch (request.headers.get('aeg-event-type')?.toLowerCase()) {
      case 'subscriptionvalidation':
        return validate(await readBody(request));
      case 'notification':
        return deliver(fn, await readBody(request), { call, log });
      case 'unsubscribe':
        return new Response(null, { status: 202 });
      default:
        return new Response(null, { status: 400 });
    }
  };
}

/** The handshake of CloudEvents. */
function allowOrigin(request: Request): Response {
  const origin = request.headers.get('webhook-request-origin') ?? '';
  const allowed = EVENT_GRID_ORIGIN.test(origin) ? origin : 'eventgrid.azure.net';
  return new Response(null, { status: 200, headers: { 'webhook-allowed-origin': allowed } });
}

const validation = z.object({ validationCode: z.string() });

/** The handshake of the Event Grid schema: the code goes back. In CloudEvents form `data` may be JSON text. */
function validate(body: unknown): Response {
  const [event] = events(body);
  const data = z.object({ data: z.unknown() }).safeParse(event).data?.data;
  const { success, data: found } = validation.safeParse(typeof data === 'string' ? parseJson(data) : data);
  if (!success) return new Response('no validation code', { status: 400 });
  return Response.json({ validationResponse: found.validationCode });
}

async function deliver(fn: RegisteredFunction, body: unknown, { call, log }: Pick<Surroundings, 'call' | 'log'>): Promise<Response> {
  if (typeof body !== 'object' || body === null) return new Response('no event', { status: 400 });
  const calls = events(body).map((event) => call(fn, { json: JSON.stringify(event) }));
  const failed = (await Promise.allSettled(calls)).flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  for (const reason of failed) log('error', 'event grid function failed', { function: fn.name, reason: errorText(reason) });
  if (failed.length > 0) return new Response(`${failed.length} of ${calls.length} events failed`, { status: 500 });
  return new Response(null, { status: 202 });
}

function events(body: unknown): unknown[] {
  return Array.isArray(body) ? body : [body];
}

async function readBody(request: Request): Promise<unknown> {
  return parseJson(await request.text());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
