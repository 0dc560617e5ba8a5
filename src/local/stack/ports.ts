import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { OperatorError } from '../../domain/errors.ts';
import { writeFileAtomically } from '../host/atomic-file.ts';

const LOOPBACK = '127.0.0.1';

/** The port itself when nothing listens there, else 0: any. */
export async function ifFree(port: number | undefined): Promise<number> {
  return port !== undefined && (await isFree(port)) ? port : 0;
}

/** @throws {OperatorError} when something listens there. */
export async function requireFree(port: number): Promise<void> {
  if (await isFree(port)) return;
  throw new OperatorError(`Port ${port} is in use by another program.`, 'Stop it, or choose another port with --port.');
}

/** A port on which nothing listens now, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: LOOPBACK, exclusive: true }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Ports of an earlier start, so that addresses in old records and in people's notes stay true. */
export function rememberedPorts(file: string): Readonly<Record<string, number | undefined>> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, number>) : {};
  } catch {
    return {};
  }
}

export function rememberPorts(file: string, ports: Readonly<Record<string, number>>): void {
  writeFileAtomically(file, `${JSON.stringify(ports, null, 2)}\n`);
}
