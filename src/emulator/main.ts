import { mkdirSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { parseArguments } from './arguments.ts';
import { EmulatorError } from './errors.ts';
import { type ReadyInfo, startEmulator } from './start.ts';

/**
 * The command `hsmkeep emulator`: runs until SIGTERM or SIGINT.
 *
 * @param argv Without the program's name.
 * @returns The exit code: 0 stopped or helped, 1 could not start, 2 used wrongly.
 */
export async function runEmulator(argv: readonly string[]): Promise<number> {
  try {
    const { options, readyFile } = parseArguments(argv);
    const stopSignal = nextStopSignal();
    const emulator = await startEmulator(options);
    // Last: who waits for the file may connect at once.
    if (readyFile) writeReadyFile(readyFile, emulator.ready);
    console.log(summary(emulator.ready));
    await stopSignal;
    await emulator.stop();
    return 0;
  } catch (error) {
    // Commander has printed the mistake, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof EmulatorError)) throw error;
    console.error(`hsmkeep emulator: ${error.message}\n${error.hint}`);
    return 1;
  }
}

function nextStopSignal(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGTERM', () => done());
    process.once('SIGINT', () => done());
  });
}

/** Whole or not at all: a reader never sees half of it. It holds secrets, so only its owner may read it. */
function writeReadyFile(file: string, ready: ReadyInfo): void {
  const path = resolve(file);
  const half = `${path}.${process.pid}.new`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(half, `${JSON.stringify(ready, null, 2)}\n`, { mode: 0o600 });
  renameSync(half, path);
}

const summary = ({ hsms, vaults, controlUrl, caFile }: ReadyInfo) =>
  [
    ...Object.entries(hsms).map(([name, url]) => `hsm      ${name}  ${url}`),
    ...Object.entries(vaults).map(([name, url]) => `vault    ${name}  ${url}`),
    `control  ${controlUrl}`,
    `ca       ${caFile}`,
    'ready',
  ].join('\n');

const isEntryPoint = () => process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);

if (isEntryPoint()) process.exitCode = await runEmulator(process.argv.slice(2));
