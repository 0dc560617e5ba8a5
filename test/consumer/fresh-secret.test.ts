import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FreshSecretOptions, freshSecret } from '../../src/consumer/fresh-secret.ts';

class Refused extends Error {}
const isRefused = (error: unknown): boolean => error instanceof Refused;

/** A vault with one value, a target that accepts some values, and an application between them. */
function setUp(options: Partial<FreshSecretOptions> = {}) {
  const world = { stored: 'old', accepted: ['old'], reads: 0, logins: [] as string[] };
  const secret = freshSecret({
    read: async () => {
      world.reads++;
      return world.stored;
    },
    maxAgeMs: 60_000,
    ...options,
  });
  const login = async (value: string): Promise<string> => {
    world.logins.push(value);
    if (!world.accepted.includes(value)) throw new Refused('wrong password');
    return `in with ${value}`;
  };
  return { world, secret, login: () => secret.use(login, isRefused) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a fresh secret', () => {
  test('is read once for all who ask at the same time, and again when it is old', async () => {
    const { world, login } = setUp();
    expect(await Promise.all([login(), login(), login()])).toEqual(Array(3).fill('in with old'));
    expect(world.reads).toBe(1);
    vi.advanceTimersByTime(59_999);
    await login();
    expect(world.reads).toBe(1);
    vi.advanceTimersByTime(1);
    await login();
    expect(world.reads).toBe(2);
  });

  test('is read again when a new version was announced', async () => {
    const { world, secret, login } = setUp();
    secret.expire();
    await login();
    Object.assign(world, { stored: 'new', accepted: ['old', 'new'] });
    secret.expire();
    expect(await login()).toBe('in with new');
  });

  test('is read again when it was refused, and used once more: once for all who were refused', async () => {
    const { world, login } = setUp();
    await login();
    Object.assign(world, { stored: 'new', accepted: ['new'] });
    expect(await Promise.all([login(), login()])).toEqual(['in with new', 'in with new']);
    expect(world.reads).toBe(2);
  });

  test('waits a moment for a newer value, without logging in with the old one again', async () => {
    const { world, login } = setUp();
    await login();
    world.accepted = ['new'];
    setTimeout(() => {
      world.stored = 'new';
    }, 1_000);
    const result = login();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await result).toBe('in with new');
    expect(world.logins).toEqual(['old', 'old', 'new']);
  });

  test('gives up when none comes, or when the newer one is refused as well, and says what the target said', async () => {
    const { world, login } = setUp();
    world.accepted = [];
    const hopeless = expect(login()).rejects.toThrow('wrong password');
    await vi.advanceTimersByTimeAsync(2_000);
    await hopeless;
    expect(world.logins).toEqual(['old']);

    const refusedTwice = expect(login()).rejects.toThrow(Refused);
    world.stored = 'new';
    await vi.advanceTimersByTimeAsync(2_000);
    await refusedTwice;
    expect(world.logins).toEqual(['old', 'old', 'new']);
  });

  test('is used on while the vault cannot be read; never read at all, it cannot be used', async () => {
    let isDown = true;
    const read = async (): Promise<string> => {
      if (isDown) throw new Error('no vault');
      return 'old';
    };
    const { world, secret, login } = setUp({ read });
    await expect(login()).rejects.toThrow('no vault');
    isDown = false;
    await login();
    isDown = true;
    secret.expire();
    expect(await login()).toBe('in with old');

    world.accepted = ['new'];
    const refused = expect(login()).rejects.toThrow('wrong password');
    await vi.advanceTimersByTimeAsync(2_000);
    await refused;
  });

  test('leaves an error that is no refusal alone', async () => {
    const { world, secret } = setUp();
    await expect(secret.use(() => Promise.reject(new Error('connection lost')), isRefused)).rejects.toThrow('connection lost');
    expect(world.reads).toBe(1);
  });
});
