import { rmSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../domain/errors.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { createLog } from './log.ts';
import { type HostOptions, type RunningHost, startHost } from './start-host.ts';

const USAGE = `Runs a function app on this machine.

  node dist/local/host/main.js --app DIR --data DIR [options]

  --app DIR          the app: package.json, whose "main" names the entry points, and host.json
  --data DIR         keeps orchestrations, timers and keys; one host at a time
  --port N           of the app's functions (default: any free port)
  --rpc-port N       of the app's own durable client (default: any free port)
  --settings FILE    app settings in the form of local.settings.json
  --ready-file FILE  where to write the addresses once the host answers; without it, one line on standard output
  --help

In the environment:

  WEBSITE_TIME_ZONE  of timer schedules, an IANA name (default: UTC)
  HSMKEEP_CLOCK_URL  follow the emulator's clock at this address
  HSMKEEP_CRASH_AT   for tests: kill -9 itself at an activity, such as after-activity:startBackup:1
  HSMKEEP_LOG        debug: log more

Example:

  node dist/local/host/main.js --app . --data .hsmkeep/host --port 7071 --settings local.settings.json
`;

type CommandLine = Readonly<{ host: HostOptions; readyFile: string | undefined }>;

/** Ends the process when the host has stopped: 0 after a signal, 1 for what a person has to put right, 2 for a wrong command line. */
async function main(args: readonly string[]): Promise<void> {
  const { host: options, readyFile } = readArguments(args);
  const log = createLog((line) => process.stderr.write(line), process.env['HSMKEEP_LOG'] === 'debug' ? 'debug' : 'info');
  // One left over from a crash must not pass for this host's.
  if (readyFile) rmSync(readyFile, { force: true });
  const starting = startHost({ ...options, log, onFatal: fail });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log('info', 'host stops', { signal });
      starting.then((host) => host.stop()).then(() => process.exit(0), fail);
    });
  }
  announce(await starting, readyFile);
}

/** Last of all, so that whoever waits for it finds everything answering. */
function announce({ apiUrl, eventGridUrl, keys }: RunningHost, readyFile: string | undefined): void {
  const ready = JSON.stringify({ apiUrl, eventGridUrl, masterKey: keys.master });
  if (readyFile) writeFileAtomically(readyFile, `${ready}\n`);
  else process.stdout.write(`${ready}\n`);
}

function readArguments(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      app: { type: 'string' },
      data: { type: 'string' },
      port: { type: 'string' },
      'rpc-port': { type: 'string' },
      settings: { type: 'string' },
      'ready-file': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  if (!values.app || !values.data) throw new UsageError('--app and --data are needed.');
  return {
    host: {
      appDir: values.app,
      dataDir: values.data,
      port: readPort('--port', values.port),
      rpcPort: readPort('--rpc-port', values['rpc-port']),
      ...(values.settings ? { settingsFile: values.settings } : {}),
    },
    readyFile: values['ready-file'],
  };
}

function readPort(option: string, text = '0'): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UsageError(`${option} has to be a number from 0 to 65535, not ${text}.`);
  return port;
}

class UsageError extends Error {}

function fail(error: unknown): never {
  const wrongUse = error instanceof UsageError || (error as { code?: unknown }).code?.toString().startsWith('ERR_PARSE_ARGS');
  if (wrongUse && error instanceof Error) process.stderr.write(`${error.message}\nTry --help.\n`);
  else if (error instanceof OperatorError) process.stderr.write(`${error.message}\n${error.hint}\n`);
  else process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(wrongUse ? 2 : 1);
}

main(process.argv.slice(2)).catch(fail);
