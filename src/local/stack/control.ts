import type { EmulatorReady } from './emulator.ts';

/** A principal of the emulated directory with the roles it was given. */
export type Principal = Readonly<{ name: string; clientId: string; objectId: string }>;
/** A built-in role, or one of the principal's own made of data actions. */
export type RoleGrant = Readonly<{ hsm: string; scope: string } & ({ role: string } | { dataActions: readonly string[] })>;

/** The emulator's control interface, as far as the stack uses it. */
export interface EmulatorControl {
  /** Makes the principal, or gives an existing one exactly these roles. */
  principal(name: string, roles: readonly RoleGrant[]): Promise<Principal>;
  /** The emulator's time, epoch milliseconds. */
  now(): Promise<number>;
  /** Moves the emulator's clock. */
  advance(ms: number): Promise<void>;
}

const TIMEOUT_MS = 10_000;

export function emulatorControl({ controlUrl }: EmulatorReady): EmulatorControl {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${controlUrl}/_emulator/${path}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`The emulator answered ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };

  return {
    principal: (name, roles) => call('POST', 'principals', { name, roles }),
    advance: async (advanceMs) => void (await call('PUT', 'clock', { advanceMs })),
    now: async () => Date.now() + (await call<{ offsetMs: number }>('GET', 'clock')).offsetMs,
  };
}
