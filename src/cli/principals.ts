import { DUTIES, type Duty } from '../domain/duty.ts';
import type { Principals } from '../domain/rights/setup-plan.ts';
import type { CallerOptions } from './caller.ts';
import { MisuseError } from './errors.ts';
import type { Io } from './io.ts';
import { readReadyFile } from './ready-file.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const TIMEOUT_MS = 10_000;

/**
 * Object ids of the identities of the duties: `--identity backup=<object id>`, `HSMKEEP_PRINCIPALS` (JSON, as `azd env get-values` prints it), or
 * those of the local stack.
 *
 * @param given What came after `--identity`.
 */
export async function principalsOf(given: readonly string[] | undefined, options: CallerOptions, io: Io): Promise<Principals> {
  if (given) return checked(Object.fromEntries(given.map(split)));
  const named = io.env['HSMKEEP_PRINCIPALS'];
  if (named) return checked(parse(named));
  const isLocal = options.readyFile !== undefined || (options.config === undefined && !io.env['HSMKEEP_CONFIG']);
  const local = isLocal ? await readReadyFile(io.cwd, options.readyFile) : undefined;
  return local ? localPrincipals(local.ready.emulator.controlUrl) : {};
}

function split(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 0) throw new MisuseError(`${text} names no identity.`, 'Write it as backup=<object id>.');
  return [text.slice(0, at), text.slice(at + 1)];
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new MisuseError(
    'HSMKEEP_PRINCIPALS is not JSON of the form {"backup": "<object id>"}.',
    'Set it as `azd env get-values` prints it.',
  );
}

function checked(ids: Record<string, unknown>): Principals {
  const entries = Object.entries(ids).filter(([, id]) => id !== '');
  for (const [duty, id] of entries) {
    if (!DUTIES.includes(duty as Duty)) throw new MisuseError(`There is no duty ${duty}.`, `There are: ${DUTIES.join(', ')}.`);
    if (!GUID.test(String(id)))
      throw new MisuseError(`${id} is not an object id.`, 'It is the "principal id" of the managed identity, not its client id.');
  }
  return Object.fromEntries(entries.map(([duty, id]) => [duty, String(id).toLowerCase()]));
}

/** The local stack names its identities after their duties. */
async function localPrincipals(controlUrl: string): Promise<Principals> {
  const answer = await fetch(`${controlUrl}/_emulator/principals`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  if (!answer?.ok) return {};
  const { value } = (await answer.json()) as { value: readonly { name: string; objectId: string }[] };
  return Object.fromEntries(
    DUTIES.flatMap((duty) => {
      const found = value.find(({ name }) => name === `hsmkeep-${duty}`);
      return found ? [[duty, found.objectId]] : [];
    }),
  );
}
