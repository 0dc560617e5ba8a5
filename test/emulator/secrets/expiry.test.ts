import { describe, expect, test } from 'vitest';
import { announceExpiries } from '../../../src/emulator/secrets/expiry.ts';
import { secretRoutes } from '../../../src/emulator/secrets/routes.ts';
import { type ServiceHarness, serviceHarness } from '../../support/service-harness.ts';

const DAY = 86_400;

const vault = () => serviceHarness({ kind: 'vault', routes: secretRoutes });

const told = ({ events }: ServiceHarness) => events.map(({ type, name }) => `${type} ${name}`);

function advanceDays(harness: ServiceHarness, days: number) {
  harness.advance(days * DAY * 1000);
  announceExpiries(harness.service, harness.origin);
}

describe('announceExpiries', () => {
  test('tells of a new version at once, with its identifier and validity', async () => {
    const { json, events, now, origin } = vault();
    const exp = now() + 100 * DAY;

    const { id } = await json('PUT', '/secrets/s', { value: 'v', attributes: { exp, nbf: 7 } });

    expect(events).toEqual([{ type: 'SecretNewVersionCreated', name: 's', version: id.split('/').at(-1), id, exp, nbf: 7 }]);
    expect(id).toContain(origin);
  });

  test('tells of near expiry thirty days before, of expiry at it, and of each once', async () => {
    const harness = vault();
    await harness.json('PUT', '/secrets/s', { value: 'v', attributes: { exp: harness.now() + 40 * DAY } });

    advanceDays(harness, 9);
    expect(told(harness)).toEqual(['SecretNewVersionCreated s']);
    advanceDays(harness, 1);
    advanceDays(harness, 1);
    expect(told(harness).slice(1)).toEqual(['SecretNearExpiry s']);
    advanceDays(harness, 29);
    advanceDays(harness, 1);
    expect(told(harness).slice(2)).toEqual(['SecretExpired s']);
  });

  test('tells of near expiry at creation when less than thirty days are left', async () => {
    const harness = vault();

    await harness.json('PUT', '/secrets/s', { value: 'v', attributes: { exp: harness.now() + DAY } });

    expect(told(harness)).toEqual(['SecretNewVersionCreated s', 'SecretNearExpiry s']);
  });

  test('tells of both, in their order, when the clock jumps over both', async () => {
    const harness = vault();
    await harness.json('PUT', '/secrets/s', { value: 'v', attributes: { exp: harness.now() + 40 * DAY } });

    advanceDays(harness, 400);

    expect(told(harness).slice(1)).toEqual(['SecretNearExpiry s', 'SecretExpired s']);
  });

  test('follows an expiry that an update brought nearer', async () => {
    const harness = vault();
    await harness.json('PUT', '/secrets/s', { value: 'v', attributes: { exp: harness.now() + 400 * DAY } });

    await harness.json('PATCH', '/secrets/s', { attributes: { exp: harness.now() + 10 * DAY } });

    expect(told(harness).slice(1)).toEqual(['SecretNearExpiry s']);
  });

  test('says nothing about replaced versions and deleted secrets', async () => {
    const harness = vault();
    const exp = harness.now() + 40 * DAY;
    await harness.json('PUT', '/secrets/replaced', { value: 'v', attributes: { exp } });
    await harness.json('PUT', '/secrets/replaced', { value: 'w' });
    await harness.json('PUT', '/secrets/deleted', { value: 'v', attributes: { exp } });
    await harness.json('DELETE', '/secrets/deleted');
    harness.events.length = 0;

    advanceDays(harness, 50);

    expect(harness.events).toEqual([]);
  });

  test('does not tell again after a restore from a backup', async () => {
    const harness = vault();
    await harness.json('PUT', '/secrets/s', { value: 'v', attributes: { exp: harness.now() + DAY } });
    const { value } = await harness.json('POST', '/secrets/s/backup');
    await harness.json('DELETE', '/secrets/s');
    harness.advance(5_000);
    await harness.send('DELETE', '/deletedsecrets/s');
    harness.advance(5_000);
    harness.events.length = 0;

    await harness.send('POST', '/secrets/restore', { value });
    announceExpiries(harness.service, harness.origin);

    expect(harness.events).toEqual([]);
  });
});
