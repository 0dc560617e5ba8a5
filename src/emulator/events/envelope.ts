import { randomUUID } from 'node:crypto';
import type { VaultEvent } from '../service.ts';

export type EventSchema = 'eventgrid' | 'cloudevents';

/** Where an event comes from: the vault's name and its Azure resource id. */
export type EventSource = Readonly<{ vaultName: string; topic: string }>;

/**
 * The text of one delivery: an array of one event in Event Grid's schema, a single object in CloudEvents' structured mode.
 *
 * @param time ISO 8601 UTC.
 * @see https://learn.microsoft.com/azure/event-grid/event-schema-key-vault
 */
export function eventBody(schema: EventSchema, { vaultName, topic }: EventSource, event: VaultEvent, time: string): string {
  const common = { id: randomUUID(), subject: event.name, data: eventData(vaultName, event) };
  const type = `Microsoft.KeyVault.${event.type}`;
  return schema === 'eventgrid'
    ? JSON.stringify([{ ...common, topic, eventType: type, eventTime: time, dataVersion: '1', metadataVersion: '1' }])
    : JSON.stringify({ ...common, source: topic, type, time, specversion: '1.0', datacontenttype: 'application/json' });
}

/** Headers of a delivery; `retries` counts the earlier attempts. */
export function eventHeaders(schema: EventSchema, retries: number): Record<string, string> {
  const delivery = { 'aeg-event-type': 'Notification', 'aeg-subscription-name': 'EMULATOR', 'aeg-delivery-count': String(retries) };
  return schema === 'eventgrid'
    ? { ...delivery, 'content-type': 'application/json; charset=utf-8', 'aeg-data-version': '1', 'aeg-metadata-version': '1' }
    : { ...delivery, 'content-type': 'application/cloudevents+json; charset=utf-8' };
}

/** Never holds the secret's value. NBF and EXP are Unix seconds or null. */
const eventData = (vaultName: string, { id, name, version, nbf, exp }: VaultEvent) => ({
  Id: id,
  VaultName: vaultName,
  ObjectType: 'Secret',
  ObjectName: name,
  Version: version,
  NBF: nbf ?? null,
  EXP: exp ?? null,
});
