import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/program.ts';
import type { Run, Step } from '../../src/domain/run.ts';
import type { BackupView, HsmView } from '../../src/domain/views.ts';

export const NOW = new Date('2026-11-22T10:00:00Z');

/** Runs the command line in this process, against whatever the arguments and the environment name. */
export async function hsmkeep(
  args: readonly string[],
  { env = {}, cwd = emptyFolder(), tty = false, now = NOW }: { env?: Record<string, string>; cwd?: string; tty?: boolean; now?: Date } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({ isTTY: tty, write: (text: string) => (written[name] += text) });
  const io: Io = { stdout: output('stdout'), stderr: output('stderr'), env, cwd, now: () => now };
  const code = await runCli(args, io);
  return { code, ...written };
}

export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'hsmkeep-cli-'));
}

export type Seen = Readonly<{ method: string; path: string; authorization: string | undefined; body: unknown }>;
export type Answer = Readonly<{ status?: number; body?: unknown; type?: string; headers?: Record<string, string> }>;

/** A real server that answers as it is told; ends with the test. `answer` returns undefined to leave the request without an answer. */
export async function serve(answer: (request: Seen) => Answer | undefined): Promise<{ url: string; seen: Seen[]; close(): Promise<void> }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const text = await read(request);
    const { method = '', url = '', headers } = request;
    const said: Seen = { method, path: url, authorization: headers.authorization, body: text === '' ? undefined : JSON.parse(text) };
    seen.push(said);
    const given = answer(said);
    if (given) send(response, given);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  onTestFinished(close);
  return { url, seen, close };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, { status = 200, body, type = 'application/json', headers = {} }: Answer): void {
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** An API with these answers by `METHOD path`; anything else is 404. A list of answers is given one after the other, the last again and again. */
export function serveApi(answers: Record<string, Answer | readonly Answer[]>): ReturnType<typeof serve> {
  const turns = new Map<string, number>();
  return serve(({ method, path }) => {
    const key = `${method} ${path}`;
    const given = answers[key];
    if (given === undefined)
      return { status: 404, type: 'application/problem+json', body: { title: 'Not found', detail: `There is no ${path}.` } };
    const list = [given].flat() as Answer[];
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return list[Math.min(turn, list.length - 1)];
  });
}

/** A folder in which a local stack's ready file lies. */
export function folderWithReadyFile(apiUrl: string, rest: Record<string, unknown> = {}): { cwd: string; file: string } {
  const cwd = emptyFolder();
  const file = join(cwd, 'ready.json');
  const ready = { apiUrl, users: { alice: 'token-of-alice', bob: 'token-of-bob' }, emulator: { controlUrl: apiUrl }, ...rest };
  writeFileSync(file, JSON.stringify(ready));
  return { cwd, file };
}

export const backupView = (fields: Partial<BackupView> = {}): BackupView => ({
  folder: 'mhsm-contoso-hsm-2026112202000012',
  hsm: 'contoso-hsm',
  takenAt: '2026-11-22T02:00:00.120Z',
  proof: 'L2',
  status: 'complete',
  blobs: 4,
  sizeBytes: 12_700,
  keys: 4,
  adopted: false,
  run: 'backup-contoso-hsm-20261122T0200Z',
  ...fields,
});

export const hsmView = (fields: Partial<HsmView> = {}): HsmView => ({
  name: 'contoso-hsm',
  url: 'https://contoso-hsm.managedhsm.azure.net',
  status: 'ok',
  lastBackup: backupView(),
  newestProven: backupView(),
  newestProvenAgeHours: 8,
  maxAgeHours: 26,
  schedule: '0 0 2 * * *',
  timeZone: 'UTC',
  nextBackupAt: '2026-11-23T02:00:00Z',
  backups: 14,
  ...fields,
});

export const step = (name: string, fields: Partial<Step> = {}): Step => ({
  name,
  status: 'Completed',
  startedAt: '2026-11-22T09:59:00Z',
  endedAt: '2026-11-22T09:59:02Z',
  ...fields,
});

export const run = (fields: Partial<Run> = {}): Run => ({
  schema: 'hsmkeep.run/1',
  id: 'backup-1',
  kind: 'backup',
  subject: 'contoso-hsm',
  status: 'Completed',
  startedAt: '2026-11-22T09:59:00Z',
  endedAt: '2026-11-22T09:59:10Z',
  steps: [step('lock'), step('backup')],
  ...fields,
});
