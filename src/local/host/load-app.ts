import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { OperatorError } from '../../domain/errors.ts';
import type { LoadedApp } from './app-model.ts';
import { type CoreLog, createCoreModule } from './core-module.ts';
import { readJson } from './host-config.ts';
import type { Log, LogLevel } from './log.ts';

/**
 * Imports a function app: every entry point that `main` of its package.json names, then its start-up hooks. To be called once per process, with
 * the app settings already in the environment.
 *
 * @throws {OperatorError} when an entry point is missing, fails, or asks for something that this host does not have.
 */
export async function loadApp(appDir: string, log: Log): Promise<LoadedApp> {
  const entryPoints = findEntryPoints(appDir);
  const core = createCoreModule(appLog(log));
  try {
    for (const path of entryPoints) await import(pathToFileURL(path).href);
    return await core.finishStartUp(appDir);
  } catch (error) {
    // The app has said itself what a person has to put right.
    if (error instanceof OperatorError) throw error;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new OperatorError(`The function app in ${appDir} could not be loaded: ${reason}`, 'Correct the app.', { cause: error });
  }
}

/** `main` may be a glob with braces, as in `dist/{app.js,functions/*.js}`. */
function findEntryPoints(appDir: string): string[] {
  const path = join(appDir, 'package.json');
  const { data } = z.object({ main: z.string().min(1) }).safeParse(readJson(path));
  if (!data) throw new OperatorError(`${path} has no "main".`, 'Name the entry points of the function app there; a glob will do.');
  const found = globSync(data.main, { cwd: appDir }).sort();
  if (found.length === 0)
    throw new OperatorError(`No file matches "main" of ${path}: ${data.main}`, 'Build the app first, or correct the pattern.');
  return found.map((file) => resolve(appDir, file));
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  information: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'error',
};

/** The app's own log lines, marked as such. */
function appLog(log: Log): CoreLog {
  return (level, category, message, { functionName, invocationId }) =>
    log(LEVELS[level] ?? 'info', message, { category, function: functionName, invocationId });
}
