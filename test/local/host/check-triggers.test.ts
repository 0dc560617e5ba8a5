import { expect, test } from 'vitest';
import type { LoadedApp, RegisteredFunction } from '../../../src/local/host/app-model.ts';
import { checkTriggers } from '../../../src/local/host/check-triggers.ts';

function appOf(...types: readonly string[]): LoadedApp {
  const functions = types.map((type): RegisteredFunction => {
    const trigger = { type, name: 'trigger', direction: 'in' };
    return { name: `on-${type}`, trigger, bindings: { trigger }, retryOptions: { maxRetryCount: 1 }, callback: () => {} };
  });
  return { all: () => functions, ofType: () => [], find: () => undefined, invoke: () => Promise.reject(), terminate: async () => {} };
}

test('a retry policy that Azure would ignore is ignored with a warning', () => {
  const warned: unknown[] = [];
  checkTriggers(appOf('timerTrigger', 'httpTrigger', 'queueTrigger'), (_, __, fields) => warned.push(fields?.['function']));
  expect(warned).toEqual(['on-httpTrigger', 'on-queueTrigger']);
});

test('every function with a trigger that is not here is named', () => {
  expect(() => checkTriggers(appOf('timerTrigger', 'cosmosDBTrigger', 'blobTrigger'), () => {})).toThrow(
    'on-cosmosDBTrigger (cosmosDBTrigger), on-blobTrigger (blobTrigger)',
  );
});
