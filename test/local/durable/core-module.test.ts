import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { createCoreModule } from '../../../src/local/host/core-module.ts';

/** The framework keeps one core module per process, so one app shows all there is to see of start-up and hooks. */
test('an app is collected at start-up, runs between its hooks, and can register nothing afterwards', async () => {
  const lines: string[] = [];
  const core = createCoreModule((level, category, message, { functionName }) =>
    lines.push(`${level} ${category} ${functionName} ${message}`),
  );
  const require = createRequire(import.meta.url);
  const { app } = require('@azure/functions') as typeof import('@azure/functions');
  const df = require('durable-functions') as typeof import('durable-functions');
  const seen: string[] = [];
  const activity = (name: string, handler: Parameters<typeof df.app.activity>[1]['handler']) => df.app.activity(name, { handler });

  await expect(core.finishStartUp('/app'), 'nothing imported the framework yet').rejects.toThrow('The app registered nothing');

  activity('greet', (name: string, context) => {
    context.warn(`greeting ${name}`);
    return `hello ${name}`;
  });
  activity('fail', () => Promise.reject('just a text'));
  expect(() => activity('GREET', () => 1)).toThrow("A function named 'GREET' is already registered.");
  expect(() => df.app.entity('Counter', () => {})).toThrow("Function 'Counter' is an entity: the local host has no durable entities.");
  app.hook.appStart(() => void seen.push('start'));
  app.hook.appTerminate(() => void seen.push('terminate'));
  app.hook.preInvocation((context) => {
    context.hookData['from'] = 'pre';
    context.inputs = context.inputs.map((input) => `dear ${input}`);
  });
  app.hook.postInvocation((context) => {
    seen.push(`post ${context.hookData['from']} ${context.error ? 'failed' : 'fine'}`);
    if (typeof context.result === 'string') context.result = `${context.result}!`;
  });
  app.hook.preInvocation(() => void seen.push('never')).dispose();

  const loaded = await core.finishStartUp('/app');
  const [greet, fail] = [loaded.find('greet'), loaded.find('fail')];
  if (!greet || !fail) throw new Error('not registered');

  const { raw, response } = await loaded.invoke(greet, [{ name: greet.trigger.name, data: { string: 'Ada' } }]);
  expect(raw).toBe('hello dear Ada!');
  expect(response?.returnValue).toEqual({ string: 'hello dear Ada!' });
  expect(await loaded.invoke(greet, [{ name: greet.trigger.name, data: {} }], { rawOnly: true })).not.toHaveProperty('response');
  await expect(loaded.invoke(fail, [{ name: fail.trigger.name, data: {} }])).rejects.toMatchObject({ message: 'just a text', context: {} });
  expect(lines).toContain('warning user greet greeting dear Ada');

  expect(() => activity('late', () => 1)).toThrow("Function 'late' is registered too late");
  await loaded.terminate();
  expect(seen).toEqual(['start', 'post pre fine', 'post pre fine', 'post pre failed', 'terminate']);
});
