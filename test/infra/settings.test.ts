import { describe, expect, test } from 'vitest';
import { parseStorage } from '../../src/clients/azure-blob-store.ts';
import { loadSettings, SETTING_NAMES } from '../../src/config/settings.ts';
import { SCHEDULER_SETTINGS } from '../../src/package/host-json.ts';
import type { Example, Resource } from '../support/infra/compiled.ts';
import { appSettings, ofType, resolved } from '../support/infra/resolved.ts';

const apps = (example: Example): [string, Record<string, string>][] =>
  ofType(resolved(example), 'Microsoft.Web/sites').map((app) => [app.name.split('-')[2] ?? '', appSettings(app)]);

/** What the Functions host reads for itself. */
const HOST = [
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
];

/** Read by the app and set by nobody here: the emulator's clock, and a queue in another account than the host's. */
const ELSEWHERE = ['HSMKEEP_CLOCK_URL', 'HSMKEEP_EVENTS', 'HSMKEEP_EVENTS__queueServiceUri'];

describe('the app settings that are deployed', () => {
  test('are exactly those that the app and its host read', () => {
    const set = new Set(apps('everything').flatMap(([, settings]) => Object.keys(settings)));
    const wanted = [...HOST, ...SCHEDULER_SETTINGS, ...SETTING_NAMES.filter((name) => !ELSEWHERE.includes(name))];
    expect([...set].toSorted()).toEqual(wanted.toSorted());
  });

  test('name the scheduler and the queue only where there are such', () => {
    const set = apps('default').flatMap(([, settings]) => Object.keys(settings));
    expect(set.filter((name) => [...SCHEDULER_SETTINGS, 'HSMKEEP_EVENT_QUEUE'].includes(name))).toEqual([]);
  });

  test.each([...apps('default'), ...apps('everything')])('start the %s app, by its own reading', (duty, settings) => {
    const { duties, identities, storage, config } = loadSettings(settings);
    expect(duties).toEqual([duty]);
    expect(identities).toMatchObject({ [duty]: expect.stringContaining(`client of id-hsmkeep-${duty}-`) });
    expect(Object.values(identities).filter(Boolean)).toHaveLength(1);
    expect(parseStorage(storage).blobEndpoint).toMatch(/^https:\/\/hkstate\w+\.blob\.core\.windows\.net$/);
    expect(config.audience).toBe('api://11111111-1111-4111-8111-111111111111');
  });
});

describe('the configuration that is deployed', () => {
  const config = (example: Example) => loadSettings(apps(example)[0]?.[1] ?? {}).config;

  test('has every HSM with a container of its own, and every vault with the escrow vault', () => {
    expect(config('default')).toMatchObject({
      hsms: [
        {
          name: 'contoso-hsm',
          url: 'https://contoso-hsm.managedhsm.azure.net',
          backupTo: { container: expect.stringMatching(/^https:\/\/hkbackup\w+\.blob\.core\.windows\.net\/contoso-hsm$/) },
          prune: 'observe',
        },
      ],
      vaults: [
        { name: 'contoso-kv', rotation: 'observe', escrowVault: expect.stringMatching(/^https:\/\/kv-hkescrow-\w+\.vault\.azure\.net$/) },
      ],
    });
  });

  test('takes what was asked for over what is usual', () => {
    const { timeZone, hsms, vaults, notify } = config('everything');
    expect(timeZone).toBe('Europe/Berlin');
    expect(hsms[0]).toMatchObject({
      maxAgeHours: 30,
      prune: 'mark',
      securityDomain: 'emea',
      immutableCopy: { days: 90 },
      protect: { undoDays: 14 },
    });
    expect(vaults.map(({ name, rotation }) => [name, rotation])).toEqual([
      ['contoso-kv', 'on'],
      ['fabrikam-kv', 'observe'],
      [expect.stringMatching(/^kv-hsmkeep-/), 'observe'],
    ]);
    expect(notify).toHaveLength(1);
  });
});

describe('storage for backups', () => {
  const of = (example: Example, type: string, name: RegExp): Resource[] =>
    ofType(resolved(example), `Microsoft.Storage/storageAccounts${type}`).filter((resource) => name.test(resource.name));

  test('has versions and an undo period, and no immutability policy where an HSM writes', () => {
    const [blobs] = of('everything', '/blobServices', /^hkbackup/);
    expect(blobs?.properties).toMatchObject({ isVersioningEnabled: true, deleteRetentionPolicy: { enabled: true, days: 14 } });
    expect(of('everything', '/blobServices/containers/immutabilityPolicies', /^hkbackup/)).toEqual([]);
    expect(JSON.stringify(of('everything', '', /^hkbackup/))).not.toContain('immutab');
  });

  test('ends previous versions after the undo period', () => {
    const [policy] = of('everything', '/managementPolicies', /^hkbackup/);
    expect(JSON.stringify(policy?.properties)).toContain('"version":{"delete":{"daysAfterCreationGreaterThan":14}}');
  });

  test('has a second account under a time policy where that was asked for', () => {
    expect(of('default', '', /^hkworm/)).toEqual([]);
    expect(of('everything', '/blobServices/containers/immutabilityPolicies', /^hkworm/).map(({ properties }) => properties)).toEqual([
      { immutabilityPeriodSinceCreationInDays: 90, allowProtectedAppendWrites: false },
      { immutabilityPeriodSinceCreationInDays: 90, allowProtectedAppendWrites: false },
    ]);
  });

  test('keeps audit records from being changed, and lets them grow', () => {
    const [policy] = of('default', '/blobServices/containers/immutabilityPolicies', /hsmkeep-audit/);
    expect(policy?.properties).toEqual({ immutabilityPeriodSinceCreationInDays: 365, allowProtectedAppendWrites: true });
  });
});

describe('the network', () => {
  test('is closed everywhere when it is private', () => {
    const open = resolved('everything').filter(({ properties }) => properties?.['publicNetworkAccess'] === 'Enabled');
    // The scheduler has no keys and no private form here; the trials are no part of the product.
    expect(open.map(({ type, name }) => `${type} ${name}`)).toEqual([
      expect.stringMatching(/^Microsoft\.DurableTask\/schedulers /),
      'Microsoft.KeyVault/managedHSMs trial-hsm',
      expect.stringMatching(/^Microsoft\.KeyVault\/vaults kv-hsmkeep-/),
    ]);
  });

  test('lets Event Grid and the health probe past EasyAuth, and nobody else', () => {
    const fences = ofType(resolved('everything'), 'Microsoft.Web/sites/config').map(({ properties }) => properties?.['globalValidation']);
    expect(fences).toHaveLength(3);
    for (const fence of fences)
      expect(fence).toEqual({
        requireAuthentication: true,
        unauthenticatedClientAction: 'Return401',
        excludedPaths: ['/runtime/webhooks/eventgrid', '/api/health'],
      });
  });

  test('takes events through a queue when nobody outside can call the app', () => {
    const [subscription] = ofType(resolved('queued-events'), 'Microsoft.EventGrid/systemTopics/eventSubscriptions');
    expect(subscription?.properties).toMatchObject({
      destination: null,
      deliveryWithResourceIdentity: { destination: { endpointType: 'StorageQueue', properties: { queueName: 'hsmkeep-events' } } },
    });
    const rotate = apps('everything').find(([duty]) => duty === 'rotate')?.[1];
    expect(rotate?.['HSMKEEP_EVENT_QUEUE']).toBe('hsmkeep-events');
    const queues = ofType(resolved('everything'), 'Microsoft.Storage/storageAccounts/queueServices/queues');
    expect(queues.map(({ name }) => name)).toEqual([`${rotate?.['AzureWebJobsStorage__accountName']}/default/hsmkeep-events`]);
  });
});
