import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OperatorError } from '../domain/errors.ts';

/**
 * What `hsmkeep dev` writes once everything listens, and removes when it stops.
 * `users` are the emulated people and their access tokens for the API.
 */
export type ReadyFile = Readonly<{
  /** Without the prefix: `http://127.0.0.1:7071`. */
  apiUrl: string;
  eventGridUrl: string;
  storageConnectionString: string;
  users: Readonly<Record<string, string>>;
  /** The emulator's own ready file. */
  emulator: Readonly<{ controlUrl: string; tokenUrl: string; tokenHeader: string; caFile: string } & Record<string, unknown>>;
}>;

/** Where the file lies in a project, looked for from the current folder upward. */
const USUAL_PLACE = join('.hsmkeep', 'ready.json');

/**
 * Reads the ready file of the local stack.
 *
 * @param path From `--ready-file`; without it the nearest `.hsmkeep/ready.json` from `cwd` upward is taken.
 * @returns undefined when no path was given and there is no such file.
 * @throws {OperatorError} when a named file is missing, or a file is not a ready file.
 */
export async function readReadyFile(cwd: string, path?: string): Promise<{ path: string; ready: ReadyFile } | undefined> {
  if (path !== undefined) {
    const file = resolve(cwd, path);
    const text = await readIfThere(file);
    if (text === undefined)
      throw new OperatorError(`There is no ready file ${file}.`, 'Start the local stack with `npm start`, or name its ready file.');
    return { path: file, ready: parse(text, file) };
  }

  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = join(folder, USUAL_PLACE);
    const text = await readIfThere(file);
    if (text !== undefined) return { path: file, ready: parse(text, file) };
    if (folder === dirname(folder)) return undefined;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new OperatorError(
      `Cannot read ${file}: ${(error as Error).message}.`,
      'Check its permissions, or name another file with --ready-file.',
      { cause: error },
    );
  }
}

function parse(text: string, file: string): ReadyFile {
  const bad = () =>
    new OperatorError(`${file} is not a ready file of hsmkeep.`, 'Start the local stack again with `npm start`: it writes a new one.');
  let value: Partial<ReadyFile> | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad();
  }
  if (typeof value?.apiUrl !== 'string' || typeof value.users !== 'object') throw bad();
  return value as ReadyFile;
}
