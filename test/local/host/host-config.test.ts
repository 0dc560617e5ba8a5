import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applySettings, readSettingsFile, resolveSettings } from '../../../src/local/host/app-settings.ts';
import { readHostConfig } from '../../../src/local/host/host-config.ts';
import { parseTimeSpan } from '../../../src/local/host/time-span.ts';
import { temporaryFolder } from './support/fixture-host.ts';

function config(hostJson: unknown) {
  const appDir = temporaryFolder();
  writeFileSync(join(appDir, 'host.json'), JSON.stringify(hostJson));
  return readHostConfig(appDir);
}

describe('readHostConfig', () => {
  test('has the defaults of Azure', () => {
    expect(config({ version: '2.0' })).toEqual({
      routePrefix: 'api',
      hubName: 'TestHubName',
      maxConcurrentActivities: undefined,
      functionTimeoutMs: 1_800_000,
      queues: { visibilityTimeout: 0, batchSize: 16, maxDequeueCount: 5, messageEncoding: 'base64' },
    });
  });

  test('reads what this host follows and passes over the rest', () => {
    const extensions = {
      http: { routePrefix: '/v1/', maxOutstandingRequests: 3 },
      durableTask: { hubName: 'Hub', maxConcurrentActivityFunctions: 7, storageProvider: { type: 'x' } },
      queues: { maxPollingInterval: '00:00:02', visibilityTimeout: '00:00:30', messageEncoding: 'none' },
    };
    expect(config({ version: '2.0', functionTimeout: '-1', logging: {}, extensions })).toMatchObject({
      routePrefix: 'v1',
      hubName: 'Hub',
      maxConcurrentActivities: 7,
      functionTimeoutMs: undefined,
      queues: { maxPollingInterval: 2_000, visibilityTimeout: 30_000, messageEncoding: 'none' },
    });
  });

  test('names every mistake with its place', () => {
    const broken = { version: '2.0', functionTimeout: 'long', extensions: { queues: { batchSize: 99 } } };
    expect(() => config(broken)).toThrow(/functionTimeout[\s\S]*batchSize|batchSize[\s\S]*functionTimeout/);
  });
});

describe('parseTimeSpan', () => {
  test.each([
    ['00:00:01', 1_000],
    ['01:30', 5_400_000],
    ['3.00:00:00', 259_200_000],
    ['00:00:00.25', 250],
    ['24:00:00', undefined],
    ['00:60:00', undefined],
    ['5', undefined],
    ['', undefined],
  ])('reads %j as %s ms', (text, milliseconds) => {
    expect(parseTimeSpan(text)).toBe(milliseconds);
  });
});

describe('app settings', () => {
  test('are read in the form of local.settings.json', () => {
    const file = join(temporaryFolder(), 'local.settings.json');
    writeFileSync(file, JSON.stringify({ IsEncrypted: false, Values: { A: '1' }, Host: {} }));
    expect(readSettingsFile(file)).toEqual({ A: '1' });
    writeFileSync(file, JSON.stringify({ IsEncrypted: true, Values: { A: 'x' } }));
    expect(() => readSettingsFile(file)).toThrow('IsEncrypted');
  });

  test('do not replace what the environment has', () => {
    const env = { A: 'kept' } as NodeJS.ProcessEnv;
    applySettings({ A: 'new', B: 'new' }, env);
    expect(env).toEqual({ A: 'kept', B: 'new' });
  });

  test('take the place of names between percent signs', () => {
    expect(resolveSettings('%A%-%B%', { A: '1', B: '2' } as NodeJS.ProcessEnv)).toBe('1-2');
    expect(() => resolveSettings('%C%', {} as NodeJS.ProcessEnv)).toThrow('The app setting C is missing');
  });
});
