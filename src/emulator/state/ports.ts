import type { DatabaseSync } from 'node:sqlite';
import { EmulatorError } from '../errors.ts';
import { type Listener, type ListenOptions, listen } from '../http/listener.ts';
import { readSetting, writeSetting } from './settings.ts';

/**
 * Listens on the wanted port; without one on the port that this listener had last time, or on any when that is taken. Clients keep URLs
 * across a restart, so ports are remembered.
 *
 * @param key Tells listeners apart: `hsm:contoso-hsm`.
 * @throws {EmulatorError} when the wanted port is taken
 */
export async function listenOnOwnPort(
  db: DatabaseSync,
  key: string,
  wanted: number | undefined,
  options: Omit<ListenOptions, 'port'>,
): Promise<Listener> {
  const setting = `port/${key}`;
  const remembered = readSetting<number>(db, setting) ?? 0;
  const listener = await listen({ ...options, port: wanted || remembered }).catch((error) => {
    if (!isTaken(error)) throw error;
    if (wanted)
      throw new EmulatorError(`Port ${wanted} (${key}) is taken by another program.`, 'Stop that program, or choose another port.');
    return listen({ ...options, port: 0 });
  });
  if (listener.port !== remembered) writeSetting(db, setting, listener.port);
  return listener;
}

const isTaken = (error: unknown) => error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES');
