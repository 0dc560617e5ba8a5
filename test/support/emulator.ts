import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmulatorOptions, type ReadyInfo, startEmulator } from '../../src/emulator/start.ts';

export type TestEmulator = Readonly<{
  ready: ReadyInfo;
  dataDir: string;
  /** PEM of the emulator's authority, for `tlsOptions: { ca }` of Azure clients. */
  ca: string;
  control: ControlClient;
  /** Sends one request over HTTPS; to an HSM or vault with a token of the default identity, unless `token` says otherwise. */
  send(url: string, options?: SendOptions): Promise<Answer>;
  /** A managed-identity token. `clientId` picks a principal. */
  token(resource: string, clientId?: string): Promise<string>;
  /** Stops the emulator and removes its folder, unless the folder was given. */
  stop(): Promise<void>;
}>;

export type SendOptions = Readonly<{
  method?: string;
  /** Sent as JSON; a string as it is. */
  body?: unknown;
  /** Null = without a token. */
  token?: string | null;
  headers?: Readonly<Record<string, string>>;
}>;

/** `body` is parsed where it is JSON, undefined where there is none. */
// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by assertions, which fail on anything unexpected.
export type Answer = Readonly<{ status: number; headers: IncomingHttpHeaders; text: string; body: any }>;

/** The control interface; see section 8 of the design for the shapes. */
export type ControlClient = Readonly<{
  fault(fault: Readonly<Record<string, unknown>>): Promise<{ id: string }>;
  clearFaults(): Promise<void>;
  moveClock(move: { now: string } | { advanceMs: number }): Promise<{ now: string; offsetMs: number; version: number }>;
  limits(limits: { createsPer10s?: number | null; othersPer10s?: number | null }): Promise<void>;
  principal(input: {
    name: string;
    roles?: readonly { hsm?: string; scope?: string; role?: string; dataActions?: readonly string[] }[];
    appRoles?: readonly string[];
  }): Promise<{ name: string; clientId: string; clientSecret: string; objectId: string }>;
  /** A person's token; for `api://hsmkeep` without an audience. */
  userToken(input: { user: string; audience?: string; expiresInSeconds?: number }): Promise<string>;
  /** The latest ten thousand, oldest first. @param after Only those with a greater id. */
  requests(after?: number): Promise<readonly LoggedRequest[]>;
  /** How long Azure Resource Manager and Graph take, in emulated milliseconds. */
  arm(settings: { regenerateMs?: number }): Promise<void>;
  graph(settings: { worksAfterMs?: number; flapsForMs?: number; listedAfterMs?: number }): Promise<void>;
}>;

export type LoggedRequest = Readonly<{
  id: number;
  /** By the emulator's clock. */
  at: string;
  target: string;
  host: string;
  method: string;
  path: string;
  url: string;
  bodyBytes: number;
  caller: string | null;
  fault: string | null;
  status: number | null;
}>;

export const HSM_RESOURCE = 'https://managedhsm.azure.net';
export const VAULT_RESOURCE = 'https://vault.azure.net';

/**
 * An emulator in this process, in a temporary folder and without emulated durations. Unless other names are given there are the HSMs
 * `contoso-hsm` and `contoso-drill`, of one security domain, and the vault `contoso-kv`.
 */
export async function startTestEmulator(options: Partial<EmulatorOptions> = {}): Promise<TestEmulator> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'hsmkeep-emulator-'));
  const emulator = await startEmulator({
    hsms: [
      { name: 'contoso-hsm', domain: 'emea' },
      { name: 'contoso-drill', domain: 'emea' },
    ],
    vaults: ['contoso-kv'],
    timeScale: 0,
    ...options,
    dataDir,
  });
  return {
    ...clientOf(emulator.ready),
    dataDir,
    stop: async () => {
      await emulator.stop();
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What a test needs to talk to a running emulator, also to one in another process. */
export function clientOf(ready: ReadyInfo): Omit<TestEmulator, 'stop' | 'dataDir'> {
  const ca = readFileSync(ready.caFile, 'utf8');
  const agent = new Agent({ ca });
  const token = async (resource: string, clientId?: string) => {
    const query = new URLSearchParams({ 'api-version': '2019-08-01', resource, ...(clientId ? { client_id: clientId } : {}) });
    const answer = await fetch(`${ready.tokenUrl}?${query}`, { headers: { 'X-IDENTITY-HEADER': ready.tokenHeader } });
    if (!answer.ok) throw new Error(`No token: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const resourceOf = (url: string) => (Object.values(ready.vaults).includes(new URL(url).origin) ? VAULT_RESOURCE : HSM_RESOURCE);

  return {
    ready,
    ca,
    token,
    control: controlClient(ready.controlUrl),
    send: async (url, options = {}) => {
      const bearer = options.token === undefined ? await token(resourceOf(url)) : options.token;
      return sendTo(url, agent, { ...options, token: bearer });
    },
  };
}

function sendTo(url: string, agent: Agent, { method = 'GET', body, token, headers = {} }: SendOptions): Promise<Answer> {
  const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    ...(content === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(content)) }),
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    // Without setHost and path as given: doubled slashes must arrive as they are.
    const path = url.slice(new URL(url).origin.length);
    const { hostname, port } = new URL(url);
    const request = httpsRequest({ hostname, port, path, method, agent, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
      });
    });
    request.on('error', reject);
    request.end(content);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function controlClient(controlUrl: string): ControlClient {
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${controlUrl}/_emulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  return {
    fault: (fault) => call('POST', 'faults', fault),
    clearFaults: () => call('DELETE', 'faults'),
    moveClock: (move) => call('PUT', 'clock', move),
    limits: (limits) => call('PUT', 'limits', limits),
    principal: (input) => call('POST', 'principals', input),
    arm: (settings) => call('PUT', 'arm', settings),
    graph: (settings) => call('PUT', 'graph', settings),
    userToken: async (input) => (await call('POST', 'tokens', input)).token,
    requests: async (after = 0) => (await call('GET', `requests?after=${after}`)).value,
  };
}
