import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/** A storage account of its own for one test file. */
export type RunningAzurite = Readonly<{
  /** For `BlobServiceClient.fromConnectionString`, and for the emulator's `--storage`; names the queue service when that runs. */
  connectionString: string;
  /** `http://127.0.0.1:PORT/ACCOUNT`, path-style and without a slash at the end. */
  blobEndpoint: string;
  accountName: string;
  /** Base64, made at random for this process. */
  accountKey: string;
  /** Ends the process; resolves once it is gone. Safe to call twice. */
  stop(): Promise<void>;
}>;

const LISTENING = /successfully listens on (?<origin>http:\/\/\S+)/;

/**
 * Starts Azurite's blob service, on request its queue service too, each in a process of its own, on loopback ports that
 * the system chooses. All data is in memory and gone after `stop`. Azurite's telemetry is off.
 *
 * @param options `folder`: data lies there instead, for tests that write tens of thousands of blobs: what is overwritten in memory Azurite sweeps
 *   out piece by piece, and answers nobody for minutes.
 * @throws {Error} with Azurite's output when it ends before it listens
 */
export async function startAzurite(options: { queue?: boolean; folder?: string | undefined } = {}): Promise<RunningAzurite> {
  const accountName = `test${randomBytes(6).toString('hex')}`;
  const accountKey = randomBytes(64).toString('base64');
  const account = `${accountName}:${accountKey}`;

  const place = options.folder === undefined ? ['--inMemoryPersistence'] : ['--location', options.folder];
  const [blob, queue] = await Promise.all([
    startService('blob', account, place),
    options.queue ? startService('queue', account, ['--inMemoryPersistence']) : undefined,
  ]);
  const blobEndpoint = `${blob.origin}/${accountName}`;
  const endpoints = [`BlobEndpoint=${blobEndpoint};`, ...(queue ? [`QueueEndpoint=${queue.origin}/${accountName};`] : [])];
  return {
    blobEndpoint,
    accountName,
    accountKey,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${accountKey};${endpoints.join('')}`,
    async stop() {
      await Promise.all([blob.stop(), queue?.stop()]);
    },
  };
}

/** @param account `NAME:KEY`. @param place Where the data lies. */
async function startService(
  service: 'blob' | 'queue',
  account: string,
  place: readonly string[],
): Promise<{ origin: string; stop(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [
      createRequire(import.meta.url).resolve(`azurite/dist/src/${service}/main.js`),
      ...[`--${service}Host`, '127.0.0.1', `--${service}Port`, '0'],
      ...[...place, '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
    ],
    { env: { ...process.env, AZURITE_ACCOUNTS: account }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);

  return {
    origin: await listening(child),
    async stop() {
      process.off('exit', killWithParent);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL'); // nothing to save, and Azurite waits for idle connections on SIGTERM
      await gone;
    },
  };
}

/** Resolves with `http://127.0.0.1:PORT` when Azurite says so on its standard output. */
async function listening(child: ChildProcess): Promise<string> {
  if (!child.stdout || !child.stderr) throw new Error('Azurite was started without pipes.');
  const output: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));

  for await (const line of createInterface(child.stdout)) {
    output.push(`${line}\n`);
    const origin = LISTENING.exec(line)?.groups?.['origin'];
    if (origin) {
      child.stdout.resume(); // an unread pipe would fill up and block Azurite
      return origin;
    }
  }
  throw new Error(`Azurite ended before it listened:\n${output.join('')}`);
}
