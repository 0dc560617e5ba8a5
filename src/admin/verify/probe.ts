import { request } from 'node:https';
import type { Access } from '../../clients/access.ts';

const DEADLINE_MS = 30_000;
const MOST_BYTES = 1_000_000;

/** One answer as it came. */
export type Probe = Readonly<{ status: number; headers: readonly string[]; body: string }>;

/** Sends a GET as it is, which no client of an SDK would: without api-version, say. @param path With its query. */
export async function probe(url: string, path: string, scope: string, { credential, ca }: Access): Promise<Probe> {
  const abortSignal = AbortSignal.timeout(DEADLINE_MS);
  const token = await credential.getToken(scope, { abortSignal });
  const { hostname, port } = new URL(url);
  const headers = { authorization: `Bearer ${token?.token}`, accept: 'application/json' };
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port: port || 443, path, headers, signal: abortSignal, ...(ca !== undefined && { ca }) }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        if (body.length < MOST_BYTES) body += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: Object.keys(answer.headers).sort(), body }));
    });
    call.on('error', reject);
    call.end();
  });
}

/** Status, code and message of an answer, in one line. */
export function told({ status, body }: Probe): string {
  const { error } = parsed(body) as { error?: { code?: string; message?: string } };
  return error ? `${status} ${error.code}: ${error.message}` : `${status}`;
}

export function parsed(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
