import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../host/atomic-file.ts';
import { type Child, startChild, waitUntilReady } from './child.ts';
import type { DataFolder } from './data-folder.ts';
import type { StartPart } from './part.ts';
import { azuriteScript } from './paths.ts';
import { ifFree, rememberedPorts, rememberPorts } from './ports.ts';

/** The emulated storage account. */
export type LocalStorage = Readonly<{
  connectionString: string;
  /** `http://127.0.0.1:PORT/hsmkeep`: Azurite has the account in the path. */
  blobEndpoint: string;
}>;

const ACCOUNT = 'hsmkeep';
const KEY_BYTES = 64;
const LISTENING = /Azurite (?<service>Blob|Queue|Table) service is successfully listening at http:\/\/\S+:(?<port>\d+)/g;

/** Starts Azurite on the data folder, with an account of its own instead of the one whose key is published. */
export async function startAzurite(folder: DataFolder, part: StartPart): Promise<LocalStorage> {
  const key = accountKey(folder.accountKeyFile);
  const known = rememberedPorts(folder.portsFile);
  const services = ['blob', 'queue', 'table'] as const;
  const addresses = await Promise.all(
    services.map(async (service) => [`--${service}Host`, '127.0.0.1', `--${service}Port`, String(await ifFree(known[service]))]),
  );

  const child = startChild({
    name: 'storage emulator (Azurite)',
    script: azuriteScript,
    // The API version check knows only versions older than the SDK's; telemetry would call out.
    args: ['--location', folder.storage, ...addresses.flat(), '--silent', '--loose', '--skipApiVersionCheck', '--disableTelemetry'],
    env: { ...part.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
    cwd: folder.path,
    logFile: join(folder.logs, 'azurite.log'),
  });
  part.started(child);

  const ports = await waitUntilReady(child, () => listeningPorts(child), part);
  rememberPorts(folder.portsFile, ports);
  const blobEndpoint = `http://127.0.0.1:${ports.blob}/${ACCOUNT}`;
  const queueEndpoint = `http://127.0.0.1:${ports.queue}/${ACCOUNT}`;
  return {
    blobEndpoint,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=${blobEndpoint};QueueEndpoint=${queueEndpoint};`,
  };
}

function listeningPorts(child: Child): { blob: number; queue: number; table: number } | undefined {
  const found = Object.fromEntries(
    Array.from(child.log().matchAll(LISTENING), ({ groups }) => [groups?.['service']?.toLowerCase(), Number(groups?.['port'])]),
  );
  const { blob, queue, table } = found;
  return blob && queue && table ? { blob, queue, table } : undefined;
}

/** Made at random by the first start; only its owner can read it. */
function accountKey(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const key = randomBytes(KEY_BYTES).toString('base64');
  writeFileAtomically(file, `${key}\n`);
  return key;
}
