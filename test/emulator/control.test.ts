import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HSM_RESOURCE, startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let emulator: TestEmulator;

beforeEach(async () => {
  emulator = await startTestEmulator({ hsms: [{ name: 'h1' }, { name: 'h2' }], vaults: ['v1'] });
});
afterEach(() => emulator?.stop());

const get = async (path: string) => (await fetch(`${emulator.ready.controlUrl}/_emulator/${path}`)).json();
const secret = (name: string) => `${emulator.ready.vaults['v1']}/secrets/${name}?api-version=7.6`;
const DAY = 86_400_000;

describe('the clock', () => {
  test('is moved to an instant or by a time, and counts its moves', async () => {
    const before = await get('clock');
    expect(before).toMatchObject({ offsetMs: 0, version: 0 });

    const moved = await emulator.control.moveClock({ advanceMs: DAY });
    expect(moved.version).toBe(1);
    expect(Math.abs(moved.offsetMs - DAY)).toBeLessThanOrEqual(1);

    const set = await emulator.control.moveClock({ now: '2030-01-01T00:00:00Z' });
    expect(Date.parse(set.now) - Date.parse('2030-01-01T00:00:00Z')).toBeLessThan(1000);
    expect((await emulator.send(secret('none'))).headers.date).toMatch(/2030 00:00:0\d GMT$/);
  });

  test('tells a follower of the next move at once, and without one after the wait', async () => {
    const waiting = get('clock?after=0&waitMs=30000');
    await emulator.control.moveClock({ advanceMs: DAY });
    expect(await waiting).toMatchObject({ version: 1 });
    expect(await get('clock?after=0&waitMs=30000')).toMatchObject({ version: 1 });
    expect(await get('clock?after=1&waitMs=20')).toMatchObject({ version: 1 });
  });

  test('is not moved twice by a follower in the same process that shifts Date', async () => {
    await emulator.control.moveClock({ advanceMs: DAY });
    const OwnDate = Date;
    globalThis.Date = class extends OwnDate {
      static override now = () => OwnDate.now() + DAY;
    } as DateConstructor;
    try {
      const { now } = (await get('clock')) as { now: string };
      expect(Math.abs(OwnDate.parse(now) - OwnDate.now() - DAY)).toBeLessThan(5000);
    } finally {
      globalThis.Date = OwnDate;
    }
  });

  test('does not keep the emulator from stopping', async () => {
    const waiting = get('clock?after=0&waitMs=30000').catch(() => 'cut');
    await get('clock');
    await emulator.stop();
    expect(await waiting).toBe('cut');
  });

  test('is refused nonsense', async () => {
    const answer = await fetch(`${emulator.ready.controlUrl}/_emulator/clock`, { method: 'PUT', body: '{"now": "yesterday"}' });
    expect(answer.status).toBe(400);
  });
});

describe('limits', () => {
  test('count creates and others apart, per ten seconds of the clock, and answer as a vault does', async () => {
    await emulator.control.limits({ createsPer10s: 1, othersPer10s: 2 });
    const put = () => emulator.send(secret('a'), { method: 'PUT', body: { value: 'x' } });
    const read = () => emulator.send(secret('a'));

    expect([(await put()).status, (await put()).status]).toEqual([200, 429]);
    expect([(await read()).status, (await read()).status]).toEqual([200, 200]);
    const refused = await read();
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      error: {
        code: 'Throttled',
        message: 'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
      },
    });
    expect(refused.headers).not.toHaveProperty('retry-after');

    await emulator.control.moveClock({ advanceMs: 10_000 });
    expect([(await put()).status, (await read()).status]).toEqual([200, 200]);
    await emulator.control.limits({});
    expect([(await put()).status, (await put()).status]).toEqual([200, 200]);
  });
});

describe('principals', () => {
  test('are made with an identity of their own, kept on the next call, and shown', async () => {
    const made = await emulator.control.principal({ name: 'duty', roles: [{ hsm: 'h1', scope: '/', role: 'Backup User' }] });
    const again = await emulator.control.principal({ name: 'duty' });
    expect(again).toEqual(made);
    expect(await get('principals/duty')).toEqual({
      name: 'duty',
      clientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientSecret: expect.any(String),
      objectId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      appRoles: [],
      roles: [{ hsm: 'h1', scope: '/', role: 'Managed HSM Backup User' }],
    });
    const { value } = (await get('principals')) as { value: { name: string }[] };
    expect(value.map(({ name }) => name)).toEqual(['default', 'duty', 'alice', 'bob', 'carol', 'root']);
  });

  test('have exactly the roles of the last call', async () => {
    const { clientId } = await emulator.control.principal({ name: 'duty', roles: [{ role: 'Administrator' }] });
    const token = await emulator.token(HSM_RESOURCE, clientId);
    const settings = async (hsm: string) => (await emulator.send(`${emulator.ready.hsms[hsm]}/settings?api-version=7.6`, { token })).status;
    expect([await settings('h1'), await settings('h2')]).toEqual([200, 200]);
    await emulator.control.principal({ name: 'duty', roles: [{ hsm: 'h2', dataActions: ['settings/read/action'] }] });
    expect([await settings('h1'), await settings('h2')]).toEqual([403, 200]);
    await emulator.control.principal({ name: 'duty', roles: [] });
    expect([await settings('h1'), await settings('h2')]).toEqual([403, 403]);
  });

  test('have app roles in their tokens for hsmkeep, as an application', async () => {
    const { clientId } = await emulator.control.principal({ name: 'robot', appRoles: ['restore.approver'] });
    expect(decodeJwt(await emulator.token('api://hsmkeep', clientId))).toMatchObject({ roles: ['restore.approver'], idtyp: 'app' });
    expect(decodeJwt(await emulator.token(HSM_RESOURCE, clientId))).not.toHaveProperty('roles');
    await expect(emulator.control.principal({ name: 'alice', appRoles: [] })).rejects.toThrow(/400.*fixed/);
  });

  test('are not changed by a call that names what is not there', async () => {
    await expect(emulator.control.principal({ name: 'p', roles: [{ hsm: 'h9', role: 'Administrator' }] })).rejects.toThrow(/404.*h9/);
    await expect(emulator.control.principal({ name: 'p', roles: [{ role: 'King' }] })).rejects.toThrow(/404.*King/);
    expect((await fetch(`${emulator.ready.controlUrl}/_emulator/principals/p`)).status).toBe(404);
  });
});

describe('events', () => {
  /** Takes deliveries; `names` grows with what they say. */
  async function receiver() {
    const names: string[] = [];
    const arrived: (() => void)[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const [event] = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      names.push(`${event.eventType} ${event.subject}`);
      response.end();
      for (const tell of arrived.splice(0)) tell();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return {
      names,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      until: async (count: number) => {
        while (names.length < count) await new Promise<void>((tell) => arrived.push(tell));
      },
      close: () => {
        server.close();
        server.closeAllConnections();
      },
    };
  }

  test('of near expiry and expiry are delivered as the clock is moved, and faults change their way', async () => {
    const events = await receiver();
    await emulator.stop();
    emulator = await startTestEmulator({ hsms: [], vaults: ['v1'], eventsTo: [events.url] });
    const set = (name: string) => {
      const exp = Math.floor(Date.now() / 1000) + 60 * 86_400;
      return emulator.send(secret(name), { method: 'PUT', body: { value: 'x', attributes: { exp } } });
    };

    await emulator.control.fault({ match: { host: 'v1', path: '/secrets/lost' }, action: 'lose' });
    await set('lost');
    await emulator.control.fault({ match: { host: 'v1', path: '/secrets/*' }, action: 'duplicate' });
    await set('kept');
    await events.until(2);
    expect(events.names).toEqual(Array(2).fill('Microsoft.KeyVault.SecretNewVersionCreated kept'));

    await emulator.control.moveClock({ advanceMs: 31 * DAY });
    await events.until(4);
    expect(events.names.slice(2).toSorted()).toEqual(['kept', 'lost'].map((name) => `Microsoft.KeyVault.SecretNearExpiry ${name}`));
    await emulator.control.moveClock({ advanceMs: 30 * DAY });
    await events.until(6);
    expect(events.names.slice(4).toSorted()).toEqual(['kept', 'lost'].map((name) => `Microsoft.KeyVault.SecretExpired ${name}`));
    events.close();
  });
});
