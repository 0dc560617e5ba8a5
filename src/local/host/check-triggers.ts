import { OperatorError } from '../../domain/errors.ts';
import type { LoadedApp } from './app-model.ts';
import type { Log } from './log.ts';

/** The triggers that this host fires. Entities are refused where they are registered. */
const KNOWN = ['httpTrigger', 'timerTrigger', 'eventGridTrigger', 'queueTrigger', 'orchestrationTrigger', 'activityTrigger'];

/** Azure retries no other trigger's function by `retryOptions`, so neither does this host. */
const RETRIED = ['timerTrigger'];

/**
 * Looks for what would silently not work.
 *
 * @throws {OperatorError} naming the functions whose trigger this host does not have.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies
 */
export function checkTriggers(app: LoadedApp, log: Log): void {
  const is = (types: readonly string[], type: string) => types.some((known) => known.toLowerCase() === type.toLowerCase());
  const unknown = app.all().filter(({ trigger }) => !is(KNOWN, trigger.type));
  if (unknown.length > 0) {
    const names = unknown.map(({ name, trigger }) => `${name} (${trigger.type})`).join(', ');
    throw new OperatorError(`The local host has no such triggers: ${names}.`, 'Leave these functions out when you run the app locally.');
  }
  for (const { name, trigger, retryOptions } of app.all()) {
    if (retryOptions && !is(RETRIED, trigger.type)) {
      log('warning', 'retry policy is ignored, as on Azure', { function: name, trigger: trigger.type });
    }
  }
}
