import { MisuseError } from '../errors.ts';
import type { Io } from '../io.ts';
import { readReadyFile } from '../ready-file.ts';
import { azureToken, fixedToken, localUserToken, type TokenSource } from './token.ts';

/** Options that say where the API is and who calls it. */
export type ConnectionOptions = Readonly<{
  url?: string;
  token?: string;
  audience?: string;
  readyFile?: string;
  as?: string;
  /** Deadline of one HTTP call, in seconds. */
  timeout?: number;
}>;

/** Which of up to three deployed apps serves a command. */
export type Duty = 'backup' | 'restore' | 'rotate';

export type Target = Readonly<{
  /** With the prefix and no slash at the end: `https://contoso-hsmkeep.azurewebsites.net/api`. */
  apiUrl: string;
  token: TokenSource;
  /** The ready file that named it, when it is the local stack. */
  readyFile?: string;
}>;

const URL_VARIABLE: Readonly<Record<Duty, string>> = {
  backup: 'HSMKEEP_URL',
  restore: 'HSMKEEP_RESTORE_URL',
  rotate: 'HSMKEEP_ROTATE_URL',
};
const DEFAULT_AUDIENCE = 'api://hsmkeep';
const DEFAULT_USER = 'alice';

/**
 * Finds the API: `--url` or the environment for a deployed one, else the local stack's ready file.
 *
 * @throws {OperatorError} when neither leads anywhere; {@link MisuseError} when they contradict each other.
 */
export async function resolveTarget(options: ConnectionOptions, duty: Duty, io: Io): Promise<Target> {
  const { env } = io;
  if (options.url !== undefined && options.readyFile !== undefined) {
    throw new MisuseError('Both --url and --ready-file were given.', 'Use --url for a deployed hsmkeep, --ready-file for a local stack.');
  }

  const url =
    options.readyFile === undefined ? (options.url ?? nonEmpty(env[URL_VARIABLE[duty]]) ?? nonEmpty(env['HSMKEEP_URL'])) : undefined;
  const givenToken = options.token ?? nonEmpty(env['HSMKEEP_TOKEN']);

  if (url !== undefined) {
    if (options.as !== undefined) {
      throw new MisuseError(
        '--as chooses a person of the local stack; it does not work with a URL.',
        'Pass that person’s token in HSMKEEP_TOKEN instead.',
      );
    }
    const audience = options.audience ?? nonEmpty(env['HSMKEEP_AUDIENCE']) ?? DEFAULT_AUDIENCE;
    return { apiUrl: apiUrlOf(url), token: givenToken === undefined ? azureToken(audience) : fixedToken(givenToken) };
  }

  const found = await readReadyFile(io.cwd, options.readyFile);
  if (!found) {
    throw new MisuseError(
      'There is no hsmkeep to talk to: no URL was given and no local stack runs here.',
      'Start the local stack with `npm start`, or name a deployed one with --url or HSMKEEP_URL.',
    );
  }
  const token =
    givenToken === undefined || options.as !== undefined ? localUserToken(found.ready, options.as ?? DEFAULT_USER) : fixedToken(givenToken);
  return { apiUrl: apiUrlOf(found.ready.apiUrl), token, readyFile: found.path };
}

/** @throws {MisuseError} for what is no URL, and for plain http to another machine, which would show the token to the network. */
function apiUrlOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new MisuseError(`${text} is not a URL.`, 'It looks like https://contoso-hsmkeep.azurewebsites.net.');
  }
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new MisuseError(`${text} would send the access token unencrypted.`, 'Use https; plain http is for this machine only.');
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path === '' ? '/api' : path}`;
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
