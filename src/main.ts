import { app, type HttpRequest, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { ACTIVITIES, ORCHESTRATORS, ROUTES } from './app.ts';
import { type Clients, createClients } from './clients/clients.ts';
import { loadSettings } from './config/settings.ts';
import type { Duty } from './domain/duty.ts';
import { createAuthenticate } from './functions/authenticate.ts';
import { ALL_METHODS, handlerOf, type Route } from './functions/define-route.ts';
import { fiveMinutesPassed, SCHEDULE } from './functions/five-minutes-passed.ts';
import { openapi } from './functions/openapi.ts';
import { secretEvent } from './functions/secret-event.ts';
import { VERSION } from './version.ts';

// The entry of the function app: every registration of app.ts that this app's duties need.
const settings = loadSettings(process.env);
const { duties } = settings;
const isOurs = (needed: Readonly<{ duties: readonly Duty[] }>): boolean => needed.duties.some((duty) => duties.includes(duty));

const clients = new Map<Duty, Clients>();
/** With the identity of the first duty of this app that needs it. */
const clientsOf = (needed: Readonly<{ duties: readonly Duty[] }>): Clients => {
  const duty = needed.duties.find((one) => duties.includes(one)) ?? duties[0] ?? 'backup';
  const known = clients.get(duty) ?? createClients(settings, duty);
  clients.set(duty, known);
  return known;
};

for (const orchestrator of ORCHESTRATORS.filter(isOurs))
  df.app.orchestration(orchestrator.name, orchestrator.handler as df.OrchestrationHandler);

for (const activity of ACTIVITIES.filter(isOurs)) {
  const run = activity.create(clientsOf(activity));
  df.app.activity(activity.name, { handler: (input) => run(input as never) });
}

const routes = [...ROUTES.filter(isOurs)];
const described: readonly Route[] = [...routes, openapi(() => described, VERSION)];
const authenticate = createAuthenticate(settings.config);
for (const route of described) {
  const handle = handlerOf(route, { clients: clientsOf(route), authenticate });
  app.http(route.name, {
    route: route.route,
    methods: ALL_METHODS,
    // The token is checked by the route itself.
    authLevel: 'anonymous',
    extraInputs: [df.input.durableClient()],
    handler: (request: HttpRequest, context: InvocationContext) => handle(request, df.getClient(context), context),
  });
}

const tick = fiveMinutesPassed({ clientsOf: (duty) => clientsOf({ duties: [duty] }), duties });
app.timer('fiveMinutesPassed', {
  schedule: SCHEDULE,
  extraInputs: [df.input.durableClient()],
  handler: (_timer, context) => tick(df.getClient(context), context),
});

if (duties.includes('rotate')) {
  const announced = secretEvent({ clients: clientsOf({ duties: ['rotate'] }) });
  app.eventGrid('secretEvent', {
    extraInputs: [df.input.durableClient()],
    handler: async (event, context) => void (await announced(event, df.getClient(context), context)),
  });
  // An app that nobody outside can reach gets its events from a queue, in the same form.
  if (settings.eventQueue)
    app.storageQueue('secretEventQueued', {
      ...settings.eventQueue,
      extraInputs: [df.input.durableClient()],
      handler: async (event, context) => void (await announced(event, df.getClient(context), context)),
    });
}
