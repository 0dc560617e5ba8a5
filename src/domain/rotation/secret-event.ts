import { isEscrowName } from './escrow.ts';

export type SecretEventType = 'SecretNearExpiry' | 'SecretExpired' | 'SecretNewVersionCreated';
const TYPES: readonly SecretEventType[] = ['SecretNearExpiry', 'SecretExpired', 'SecretNewVersionCreated'];

/** What an event of a vault says, of either schema. `version` null where the event does not tell. */
export type SecretEvent = Readonly<{
  /** As whoever sent it named it, without what does not belong into a log. */
  id: string;
  type: SecretEventType;
  topic: string;
  vault: string;
  name: string;
  version: string | null;
}>;

const LONGEST_ID = 64;

/** `foreign`: not of a vault, or not about a secret that this app looks after. */
export type ParsedEvent = Readonly<{ kind: 'event'; event: SecretEvent } | { kind: 'malformed' | 'foreign' | 'escrow' }>;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads an event of the Event Grid schema or of CloudEvents 1.0. Generous, because the documentation's own samples have names with a
 * trailing blank, versions with a leading one, and numbers as text.
 *
 * @see https://learn.microsoft.com/azure/event-grid/event-schema-key-vault
 */
export function parseSecretEvent(input: unknown): ParsedEvent {
  const event = fields(parseJson(input));
  const data = fields(parseJson(event?.['data']));
  if (!event || !data) return { kind: 'malformed' };

  const type = /^Microsoft\.KeyVault\.(\w+)$/i.exec(text(event, 'eventType') || text(event, 'type'))?.[1];
  const known = TYPES.find((one) => one.toLowerCase() === type?.toLowerCase());
  if (known === undefined) return { kind: 'foreign' };

  const id = /\/\/([^/.:]+)[^/]*\/secrets\/([^/]+)(?:\/([^/]+))?$/.exec(text(data, 'id'));
  const vault = text(data, 'vaultName') || (id?.[1] ?? '');
  const name = text(data, 'objectName') || (id?.[2] ?? '');
  const version = text(data, 'version') || (id?.[3] ?? '');
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name) || vault === '') return { kind: 'malformed' };
  if (isEscrowName(name)) return { kind: 'escrow' };
  const topic = text(event, 'topic') || text(event, 'source');
  const eventId = text(event, 'id')
    .replace(/[^\w.:-]/g, '')
    .slice(0, LONGEST_ID);
  return { kind: 'event', event: { id: eventId, type: known, topic, vault, name, version: version.toLowerCase() || null } };
}

/**
 * What becomes of an event; each is counted. `other-topic`: of a vault of ours, but not from the topic that the configuration allows.
 * `queued`: left to the sweep, because too many come at once or too much failed on the secret's target.
 */
export type EventDecision =
  | 'started'
  | 'queued'
  | 'duplicate'
  | 'stale'
  | 'not-due'
  | 'foreign'
  | 'other-topic'
  | 'malformed'
  | 'escrow'
  | 'observed';

/** An object with its field names in lower case and without blanks; undefined for anything else. */
function fields(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name.trim().toLowerCase(), item]));
}

/** CloudEvents may carry `data` as JSON text, and a message of a queue is text as a whole. */
function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function text(of: Json, name: string): string {
  const value = of[name.toLowerCase()];
  return typeof value === 'string' ? value.trim() : '';
}
