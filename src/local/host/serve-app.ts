import type { LoadedApp } from './app-model.ts';
import { isDisabled } from './app-settings.ts';
import type { HostClock } from './clock.ts';
import { durableClientApi } from './durable/client-api.ts';
import { type ClientAddress, clientBinding } from './durable/client-binding.ts';
import type { DurableEngine } from './durable/engine-api.ts';
import { functionCaller } from './function-caller.ts';
import type { HostConfig } from './host-config.ts';
import { adminApi } from './http/admin.ts';
import { eventGridWebhook } from './http/event-grid.ts';
import { functionRoutes } from './http/function-routes.ts';
import { publicApp, rpcApp } from './http/public-app.ts';
import type { Listener } from './http/server.ts';
import { DURABLE_KEY, type HostKeys, systemKey } from './keys.ts';
import type { Log } from './log.ts';
import { QueueTrigger } from './queues/queue-trigger.ts';
import { FunctionTimer } from './timers/function-timer.ts';
import { TimerMonitor } from './timers/monitor.ts';
import { timeZone } from './timers/time-zone.ts';

type Parts = Readonly<{
  app: LoadedApp;
  config: HostConfig;
  keys: HostKeys;
  engine: DurableEngine;
  clock: HostClock;
  dataDir: string;
  publicSide: Listener;
  rpcSide: Listener;
  log: Log;
}>;

/** The triggers of a loaded app at work. */
export type Serving = Readonly<{
  /** No trigger fires any more; resolves when the messages that were taken are done. Requests are answered until the listeners close. */
  stop(): Promise<void>;
  /** Nothing is written any more, whatever still runs. */
  close(): void;
}>;

/**
 * Puts a loaded app to work: its requests, timers, queues and events.
 *
 * @throws {OperatorError} when a trigger's options cannot be read.
 */
export function serveApp({ app, config, keys, engine, clock, dataDir, publicSide, rpcSide, log }: Parts): Serving {
  const address: ClientAddress = {
    publicOrigin: `http://localhost:${publicSide.port}`,
    rpcBaseUrl: `http://127.0.0.1:${rpcSide.port}/durabletask/`,
    hubName: config.hubName,
    code: systemKey(keys, DURABLE_KEY),
  };
  const call = functionCaller(app, clientBinding(address));
  const monitor = new TimerMonitor(dataDir);
  const zone = timeZone(process.env['WEBSITE_TIME_ZONE'] || 'UTC');
  const timers = app.ofType('timerTrigger').map((fn) => new FunctionTimer(fn, { call, clock, monitor, zone, log }));
  const queues = app.ofType('queueTrigger').map((fn) => new QueueTrigger(fn, { call, settings: config.queues, log }));

  const durable = durableClientApi(engine, address);
  const functions = functionRoutes({ app, call, keys, routePrefix: config.routePrefix, log });
  const admin = adminApi({ app, call, timers, keys, log });
  const eventGrid = eventGridWebhook({ app, call, log });
  rpcSide.serve(rpcApp(durable, rpcSide.port, log));
  publicSide.serve(publicApp({ functions, admin, eventGrid, durable, keys, log }));
  for (const trigger of [...timers, ...queues]) {
    if (isDisabled(trigger.functionName)) log('info', 'function is disabled', { function: trigger.functionName });
    else trigger.start();
  }

  return {
    stop: async () => {
      for (const timer of timers) timer.stop();
      await Promise.all(queues.map((queue) => queue.stop()));
    },
    close: () => monitor.close(),
  };
}
