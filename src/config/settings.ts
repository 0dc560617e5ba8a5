import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { DUTIES, type Duty } from '../domain/duty.ts';
import { OperatorError } from '../domain/errors.ts';
import { type Config, parseConfig } from './config.ts';

/** App settings as the host delivers them: flat strings. local.settings.sample.json lists the same names. */
const settings = z.object({
  HSMKEEP_CONFIG: z.string().min(1, 'is empty'),
  HSMKEEP_STORAGE: z.string().min(1, 'is empty'),
  HSMKEEP_DUTIES: z
    .string()
    .default('backup')
    .transform((list) => list.split(',').map((duty) => duty.trim()))
    .pipe(z.array(z.enum(DUTIES, { error: `must be a list out of ${DUTIES.join(', ')}` })).min(1)),
  HSMKEEP_IDENTITY_BACKUP: z.string().optional(),
  HSMKEEP_IDENTITY_RESTORE: z.string().optional(),
  HSMKEEP_IDENTITY_ROTATE: z.string().optional(),
  HSMKEEP_EVENT_QUEUE: z
    .string()
    .regex(/^(?!.*--)[0-9a-z][0-9a-z-]{1,61}[0-9a-z]$/, 'must be the name of a queue: 3 to 63 small letters, digits and single hyphens')
    .optional(),
  HSMKEEP_EVENTS: z.string().optional(),
  HSMKEEP_EVENTS__queueServiceUri: z.string().optional(),
  HSMKEEP_CLOCK_URL: z.string().optional(),
});

/** The names of all that is read, for whoever sets them. */
export const SETTING_NAMES: readonly string[] = Object.keys(settings.shape);

export type Settings = Readonly<{
  config: Config;
  duties: readonly Duty[];
  /** The account that holds the containers `hsmkeep` and `hsmkeep-audit`: its URL, or (on a laptop) a connection string. */
  storage: string;
  /** Client ids of managed identities, per duty; a duty without one uses the app's default identity. */
  identities: Readonly<Partial<Record<Duty, string>>>;
  /** The queue that Event Grid writes the vaults' events to, where it cannot call the app; `connection` names the settings of its account. */
  eventQueue?: Readonly<{ queueName: string; connection: string }>;
  /** On a laptop: the process follows the emulator's clock, which storage does not. */
  emulatedClock?: boolean;
}>;

/**
 * The only reader of the process's settings.
 *
 * @throws {OperatorError} naming every setting that is missing or malformed; or every mistake of the configuration.
 */
export function loadSettings(env: NodeJS.ProcessEnv): Settings {
  const { success, data, error } = settings.safeParse(env);
  if (!success) {
    const lines = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new OperatorError(`Invalid app settings:\n${lines.join('\n')}`, 'See local.settings.sample.json for all settings.');
  }

  const config = parseConfig(readConfigText(data.HSMKEEP_CONFIG));
  if (!config.tenantId || !config.audience) {
    throw new OperatorError(
      'The configuration names no tenantId or no audience, so nobody could be let in.',
      'Set both: the tenant of the people who call, and the application id URI of the app registration, such as api://hsmkeep.',
    );
  }
  return {
    config,
    duties: data.HSMKEEP_DUTIES,
    storage: data.HSMKEEP_STORAGE,
    identities: { backup: data.HSMKEEP_IDENTITY_BACKUP, restore: data.HSMKEEP_IDENTITY_RESTORE, rotate: data.HSMKEEP_IDENTITY_ROTATE },
    ...(data.HSMKEEP_EVENT_QUEUE !== undefined && {
      eventQueue: { queueName: data.HSMKEEP_EVENT_QUEUE, connection: connectionOf(data) },
    }),
    emulatedClock: data.HSMKEEP_CLOCK_URL !== undefined,
  };
}

/** The queue's account has settings of its own, or is the one of the Functions host. */
const connectionOf = (data: z.output<typeof settings>): string =>
  (data.HSMKEEP_EVENTS ?? data.HSMKEEP_EVENTS__queueServiceUri) ? 'HSMKEEP_EVENTS' : 'AzureWebJobsStorage';

/** `HSMKEEP_CONFIG` holds the JSON itself or the path of a file that does. */
export function readConfigText(value: string): string {
  if (value.trimStart().startsWith('{')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch (cause) {
    throw new OperatorError(
      `The configuration file ${value} cannot be read.`,
      'HSMKEEP_CONFIG is the JSON itself, or the path of a file that holds it.',
      { cause },
    );
  }
}
