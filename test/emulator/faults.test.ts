import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator({ hsms: [{ name: 'h1' }, { name: 'h2' }], vaults: ['v1'] });
});
afterAll(() => emulator?.stop());
afterEach(() => emulator.control.clearFaults());

const SETTING = 'AllowKeyManagementOperationsThroughARM';
const url = (path: string, hsm = 'h1') => `${emulator.ready.hsms[hsm]}${path}?api-version=7.6`;
const read = (hsm?: string) => emulator.send(url('/settings', hsm));
const value = async () => (await read()).body.settings[0].value;
const write = (text: string) => emulator.send(url(`/settings/${SETTING}`), { method: 'PATCH', body: { value: text } });

describe('a fault', () => {
  test('dropBefore cuts the connection before anything happens', async () => {
    await write('false');
    await emulator.control.fault({ match: { method: 'PATCH', path: '/settings/*' }, action: 'dropBefore' });
    await expect(write('true')).rejects.toThrow(/hang up|ECONNRESET/);
    expect(await value()).toBe('false');
    expect((await write('true')).status).toBe(200);
  });

  test('dropAfter cuts the connection once the request was carried out', async () => {
    await write('false');
    await emulator.control.fault({ match: { method: 'PATCH', path: '/settings/*' }, action: 'dropAfter' });
    await expect(write('true')).rejects.toThrow(/hang up|ECONNRESET/);
    expect(await value()).toBe('true');
  });

  test('answer sends what it was given, for so many times, after so many that it lets through', async () => {
    const body = { error: { code: 'Busy' } };
    await emulator.control.fault({
      match: { method: 'GET', path: '/settings' },
      skip: 1,
      times: 2,
      action: 'answer',
      status: 503,
      body,
      headers: { 'Retry-After': '7' },
    });
    const answers = [await read(), await read(), await read(), await read()];
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 503, 200]);
    expect(answers[1]).toMatchObject({ body, headers: { 'retry-after': '7' } });
  });

  test('delay waits and goes on', async () => {
    await emulator.control.fault({ match: { method: 'GET', path: '*' }, action: 'delay', ms: 150 });
    const startedAt = performance.now();
    expect((await read()).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(140);
  });

  test('hang never answers', async () => {
    await emulator.control.fault({ match: { method: 'GET', path: '/settings' }, action: 'hang' });
    const hanging = read().then(
      () => 'answered',
      () => 'cut',
    );
    expect(await Promise.race([hanging, read().then(({ status }) => status)])).toBe(200);
  });

  test('applies to its host only, by name or by address', async () => {
    const answer = { action: 'answer', status: 500 } as const;
    await emulator.control.fault({ match: { host: 'h2', method: 'GET', path: '/settings' }, ...answer });
    expect([(await read('h1')).status, (await read('h2')).status]).toEqual([200, 500]);
    const { host } = new URL(emulator.ready.hsms['h1'] ?? '');
    await emulator.control.fault({ match: { host, method: 'GET', path: '/settings' }, ...answer });
    expect([(await read('h2')).status, (await read('h1')).status]).toEqual([200, 500]);
  });

  test('is not used up by a request without a token', async () => {
    await emulator.control.fault({ match: { method: 'POST', path: '/backup' }, action: 'dropAfter' });
    expect((await emulator.send(url('/backup'), { method: 'POST', token: null })).status).toBe(401);
    await expect(emulator.send(url('/backup'), { method: 'POST', body: {} })).rejects.toThrow();
  });

  test('shows in the request log, with no status when the connection was cut', async () => {
    const { id } = await emulator.control.fault({ match: { path: '/settings' }, action: 'dropBefore' });
    await expect(read()).rejects.toThrow();
    expect((await emulator.control.requests()).at(-1)).toMatchObject({ fault: `${id}: dropBefore`, status: null });
  });

  test('that makes no sense is refused with what is wrong', async () => {
    await expect(emulator.control.fault({ action: 'explode' })).rejects.toThrow(/400.*action/s);
    await expect(emulator.control.fault({ action: 'hang', unknown: 1 })).rejects.toThrow(/400.*unknown/s);
  });
});

test('DELETE takes all faults away, or one', async () => {
  const faults = `${emulator.ready.controlUrl}/_emulator/faults`;
  const fault = { match: { path: '/settings' }, action: 'answer', status: 500 };
  const first = await emulator.control.fault(fault);
  await emulator.control.fault({ ...fault, status: 501 });
  expect((await fetch(`${faults}/${first.id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await read()).status).toBe(501);

  await emulator.control.fault(fault);
  expect((await fetch(faults, { method: 'DELETE' })).status).toBe(204);
  expect((await read()).status).toBe(200);
  expect(await (await fetch(faults)).json()).toEqual({ value: [] });
  expect((await fetch(`${faults}/99`, { method: 'DELETE' })).status).toBe(404);
});
