import { describe, expect, test } from 'vitest';
import type { LoadedApp } from '../../../src/local/host/app-model.ts';
import { createCoreModule } from '../../../src/local/host/core-module.ts';
import { checkLibrary, readExecutor } from '../../../src/local/host/durable/protocol/executor.ts';
import { openEngine } from './support/engines.ts';
import { fixtureApp, world } from './support/fixture-app.ts';

/** The app, with its orchestrators answering a context of this form. */
async function appWithContext(change: (executor: Record<string, unknown>) => unknown): Promise<LoadedApp> {
  const app = await fixtureApp();
  return {
    ...app,
    async invoke(fn, inputs, options) {
      const { raw, context } = await app.invoke(fn, inputs, options);
      const { df } = context as { df: { taskOrchestratorExecutor: Record<string, unknown> } };
      return { raw, context: { df: { taskOrchestratorExecutor: change({ ...df.taskOrchestratorExecutor }) } } };
    },
  };
}

describe('the start-up check of durable-functions', () => {
  test('finds every private field that the host reads in the installed version', async () => {
    await expect(checkLibrary(await fixtureApp())).resolves.toBeUndefined();
  });

  test('runs none of the app', async () => {
    const before = { ...world().ran };

    await checkLibrary(await fixtureApp());

    expect(world().ran).toEqual(before);
  });

  test.each(['openTasks', 'deferredTasks', 'sequenceNumber', 'actions', 'willContinueAsNew'])(
    'refuses a version without %s',
    async (field) => {
      const app = await appWithContext(({ [field]: _gone, ...rest }) => rest);

      await expect(openEngine({ app })).rejects.toThrow(`its executor has no usable ${field}`);
    },
  );

  test('refuses a version that keeps its executor elsewhere', async () => {
    await expect(openEngine({ app: await appWithContext(() => undefined) })).rejects.toThrow('no usable taskOrchestratorExecutor');
  });

  test('finds no executor in the context of another function', () => {
    expect(readExecutor({})).toBeUndefined();
    expect(readExecutor(undefined)).toBeUndefined();
  });
});

describe('the core module', () => {
  test('exists once per process', async () => {
    await fixtureApp();

    expect(() => createCoreModule()).toThrow('there can be one local host per process');
  });

  test('knows every function by name without regard to case, and by its trigger', async () => {
    const app = await fixtureApp();

    expect(app.find('PLUSONE')?.name).toBe('plusOne');
    expect(app.find('plusOne', 'activitytrigger')?.trigger.type).toBe('activityTrigger');
    expect(app.find('plusOne', 'orchestrationTrigger')).toBeUndefined();
    expect(app.ofType('ORCHESTRATIONTRIGGER').map(({ name }) => name)).toContain('sequence');
    expect(app.all().length).toBeGreaterThan(50);
  });

  test('hands a thrown error over with its invocation context', async () => {
    const app = await fixtureApp();
    const fn = app.find('refuse');
    if (fn === undefined) throw new Error('no such function');

    const failure = app.invoke(fn, [{ name: fn.trigger.name, data: { string: '{"why":"not today"}' } }]);

    await expect(failure).rejects.toMatchObject({ message: 'not today', context: { functionName: 'refuse' } });
  });
});
