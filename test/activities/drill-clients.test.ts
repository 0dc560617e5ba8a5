import { describe, expect, test } from 'vitest';
import { requireDrill } from '../../src/activities/drill-clients.ts';
import { purgeCanary } from '../../src/activities/purge-canary.ts';
import { startRestore } from '../../src/activities/start-restore.ts';
import { createClients } from '../../src/clients/clients.ts';
import { parseConfig } from '../../src/config/config.ts';

const hsm = (name: string, rest: object = {}) => ({
  name,
  url: `https://${name}.managedhsm.invalid`,
  backupTo: { container: `https://s.blob.core.windows.invalid/${name}` },
  ...rest,
});

/** Clients of a configuration that changed after the run began: what was a drill HSM is kept by now. */
function clientsOf(drillHsm: 'drill' | 'kept' | 'gone') {
  const config = parseConfig(
    JSON.stringify({ hsms: [hsm('contoso', { drill: { into: 'drill' } })], drillHsms: [hsm('drill'), hsm('other')] }),
  );
  const [drill, other] = config.drillHsms;
  if (!drill || !other) throw new Error('the configuration has two');
  const changed = {
    drill: config,
    kept: { ...config, hsms: [...config.hsms, drill], drillHsms: [other] },
    gone: { ...config, drillHsms: [other] },
  }[drillHsm];
  return createClients({ config: changed, storage: 'https://s.blob.core.windows.invalid', duties: ['restore'], identities: {} }, 'restore');
}

const restore = {
  id: 'drill-contoso-20261122T0600Z',
  source: 'contoso',
  target: 'drill',
  container: '',
  folder: 'mhsm-contoso-2026112202000012',
  takenAt: '2026-11-22T02:00:00.120Z',
  scope: 'full',
} as const;

describe('what destroys something in a drill HSM', () => {
  test('asks the configuration of this moment', () => {
    expect(requireDrill(clientsOf('drill'), 'contoso').target.name).toBe('drill');
    expect(() => requireDrill(clientsOf('kept'), 'contoso')).toThrow('is an HSM that is kept: it would destroy keys there');
    expect(() => requireDrill(clientsOf('gone'), 'contoso')).toThrow('which is not configured');
    expect(() => requireDrill(clientsOf('drill'), 'drill')).toThrow('No drill is configured for drill');
  });

  test('does nothing to an HSM that is kept by now', async () => {
    const refused = { refused: expect.objectContaining({ message: expect.stringContaining('is an HSM that is kept') }) };
    expect(await purgeCanary.create(clientsOf('kept'))({ hsm: 'contoso' })).toEqual(refused);
    expect(await startRestore.create(clientsOf('kept'))({ restore, attempt: 1 })).toEqual(refused);
  });

  test('does nothing to another HSM than drills go into', async () => {
    const outcome = await startRestore.create(clientsOf('drill'))({ restore: { ...restore, target: 'other' }, attempt: 1 });
    expect(outcome).toEqual({
      refused: expect.objectContaining({ message: 'Drills of contoso go into drill by now, and not into other.' }),
    });
  });
});
