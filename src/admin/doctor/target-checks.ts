import { connect } from 'node:net';
import { type Check, finding, ok, unknown } from '../../domain/doctor/check.ts';

const DEADLINE_MS = 5_000;

/** Where the kinds of targets listen, when their address does not say. */
const PORTS: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'mysql:': 3306,
  'redis:': 6379,
  'rediss:': 6380,
  'https:': 443,
};

/** Whether something listens at a target of rotations, seen from here; nobody signs in. */
export async function checkTarget(target: string): Promise<Check> {
  const what = { check: 'target', subject: target } as const;
  const url = URL.canParse(target) ? new URL(target) : undefined;
  const port = url && (Number(url.port) || PORTS[url.protocol]);
  if (!url?.hostname || !port || url.hostname.includes('*')) return unknown(what, 'is no address that can be called');

  const problem = await failureOf(url.hostname.replace(/^\[|\]$/g, ''), port);
  if (problem === undefined) return ok(what, `listens on port ${port}`);
  return finding(what, {
    message: `nothing answers on port ${port} (${problem})`,
    hint: 'Check its address and firewall. Rotations call it from the rotate app: when that has a network of its own, look from there.',
  });
}

/** @returns undefined when a connection was made; else why not. */
function failureOf(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: DEADLINE_MS });
    const end = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(`no answer within ${DEADLINE_MS / 1000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'no connection'));
  });
}
