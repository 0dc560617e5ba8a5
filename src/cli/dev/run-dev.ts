import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningStack, startStack } from '../../local/stack.ts';
import { apiClient } from '../api/client.ts';
import { resolveTarget } from '../api/target.ts';
import { readConfig, readDocument } from '../commands/config.ts';
import type { DevOptions } from '../commands/dev.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { runProgress } from '../output/run-progress.ts';
import { styleFor } from '../output/style.ts';
import { Interrupted, type Interruption, takeInterruptions } from './interruption.ts';
import { nightReport, rotationReport, verdict, whereToLook } from './report.ts';
import { type Rotations, rotateFirst } from './rotations.ts';
import { dateIn, type HsmNight, spendTheNight } from './tonight.ts';

const DEFAULT_PORT = 7071;

/**
 * Runs the local stack, a first night of backups and, on its own demo secrets, first rotations; then serves until it is interrupted, or ends with `--once`.
 *
 * @returns 1 when an HSM came through `--once` without a proven backup, when a rotation failed, or when `--once` was interrupted.
 * @throws {MisuseError} for a bad configuration, before anything is started; {@link OperatorError} when a part does not come up or ends.
 */
export async function runDev(options: DevOptions, io: Io): Promise<ExitCode> {
  if (options.config !== undefined) await readConfig(options.config, io);
  const say = (line: string): unknown => io.stderr.write(`${styleFor(io.stderr, io.env).dim('hsmkeep:')} ${line}\n`);
  const interruption = takeInterruptions(() => say('stopping …'));
  const dataDir = resolve(io.cwd, options.data);
  const readyFile = options.readyFile === undefined ? join(dataDir, 'ready.json') : resolve(io.cwd, options.readyFile);

  let stack: RunningStack | undefined;
  try {
    stack = await startStack({
      dataDir,
      readyFile,
      port: options.port ?? (options.once ? 0 : DEFAULT_PORT),
      ...(options.config !== undefined && { config: readDocument(resolve(io.cwd, options.config)) }),
      servers: options.servers,
      env: io.env,
      onProgress: say,
      signal: interruption.signal,
    });

    const { nights, date, rotations } = await whileIntact(stack, interruption, firstNight(stack, readyFile, interruption, io));
    io.stdout.write(nightReport(nights, io));
    if (stack.demo) io.stdout.write(`\n${rotationReport(rotations, stack.demo.leftOut, io)}`);
    if (options.once) {
      await stack.stop();
      io.stdout.write(`\n${verdict(nights, date)}`);
      return nights.every(({ backup }) => backup !== null) && rotations.problems.length === 0 ? EXIT.done : EXIT.failed;
    }

    io.stdout.write(`\n${verdict(nights, date)}${whereToLook(stack.ready, { readyFile, dataDir }, nights[0]?.hsm ?? '<hsm>', io)}`);
    return await whileIntact(stack, interruption, new Promise<never>(() => undefined));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return options.once ? EXIT.failed : EXIT.done;
  } finally {
    await stack?.stop();
    interruption.release();
  }
}

async function firstNight(
  stack: RunningStack,
  readyFile: string,
  { signal }: Interruption,
  io: Io,
): Promise<{ nights: readonly HsmNight[]; date: string; rotations: Rotations }> {
  // Only the stack that was just started is meant, whatever the environment says.
  const api = apiClient(await resolveTarget({ readyFile }, 'backup', { ...io, env: {} }));
  const { timeZone, hsms } = stack.config;
  const date = dateIn(timeZone, await stack.now());
  const preRestore = hsms.filter((hsm) => hsm.preRestore !== 'off').map(({ name }) => name);
  const drills = hsms.filter((hsm) => hsm.drill).map(({ name }) => name);
  const progress = runProgress(io);
  try {
    const night = spendTheNight(api, { date, timeZone, preRestore, drills, signal }, progress);
    // Vaults of a configuration of your own are not the demo's to rotate.
    const calm = night.catch(() => undefined);
    const first = stack.demo ? rotateFirst(api, { stack, calm, signal }, progress) : NO_ROTATIONS;
    const [nights, rotations] = await Promise.all([night, first]);
    return { nights, date, rotations };
  } finally {
    progress.end();
  }
}

const NO_ROTATIONS: Rotations = { secrets: [], problems: [] };

/** Waits for the work, but no longer than all parts of the stack run and nobody interrupts. */
async function whileIntact<T>({ broken }: RunningStack, { signal, happens }: Interruption, work: Promise<T>): Promise<T> {
  const breaks = broken.then((error) => {
    signal.throwIfAborted();
    throw error;
  });
  // Work may notice first that a part is gone; its end, which explains the failure, follows within a moment.
  const explained = work.catch(async (error: unknown) => {
    await Promise.race([breaks, delay(PART_ENDS_WITHIN_MS)]);
    throw error;
  });
  return Promise.race([happens, breaks, explained]);
}

const PART_ENDS_WITHIN_MS = 2_000;
