import { OperatorError } from '../../domain/errors.ts';
import type { Binding, LoadedApp, RegisteredFunction } from './app-model.ts';
import type { Log } from './log.ts';

/** The triggers that this host fires. Entities are refused where they are registered. */
const TRIGGERS = ['httpTrigger', 'timerTrigger', 'eventGridTrigger', 'queueTrigger', 'orchestrationTrigger', 'activityTrigger'];

/** What else it gives to a function or takes from it. */
const BINDINGS = ['durableClient', 'orchestrationClient', 'http'];

/** Azure retries no other trigger's function by `retryOptions`, so neither does this host. */
const RETRIED = ['timerTrigger'];

/**
 * Looks for what would silently not work.
 *
 * @throws {OperatorError} naming the functions with a trigger, input or output that this host does not have.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies
 */
export function checkTriggers(app: LoadedApp, log: Log): void {
  const missing = app.all().flatMap((fn) => unknownBindings(fn).map(({ type }) => `${fn.name} (${type})`));
  if (missing.length > 0) {
    throw new OperatorError(
      `The local host does not have these triggers, inputs or outputs: ${missing.join(', ')}.`,
      'Leave the functions out when you run the app locally, or use an SDK in their place.',
    );
  }
  for (const { name, trigger, retryOptions } of app.all()) {
    if (retryOptions && !isOne(RETRIED, trigger))
      log('warning', 'retry policy is ignored, as on Azure', { function: name, trigger: trigger.type });
  }
}

function unknownBindings({ trigger, bindings }: RegisteredFunction): Binding[] {
  const others = Object.values(bindings).filter(({ name }) => name !== trigger.name);
  return [...(isOne(TRIGGERS, trigger) ? [] : [trigger]), ...others.filter((binding) => !isOne(BINDINGS, binding))];
}

function isOne(types: readonly string[], { type }: Binding): boolean {
  return types.some((known) => known.toLowerCase() === type.toLowerCase());
}
