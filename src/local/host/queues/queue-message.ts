import type { DequeuedMessageItem } from '@azure/storage-queue';
import type { TypedData } from '../app-model.ts';

/** The text of a message as the sender meant it; undefined when it is not in the encoding that host.json names. */
export function decodeMessage(text: string, encoding: 'base64' | 'none'): string | undefined {
  if (encoding === 'none') return text;
  const bytes = Buffer.from(text, 'base64');
  // Node reads any text as base64 and drops what does not fit: only what comes out the same was base64.
  if (bytes.toString('base64') !== text) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What the function sees as `context.triggerMetadata`. */
export function messageMetadata(message: DequeuedMessageItem, text: string): Record<string, TypedData> {
  const time = (date: Date): TypedData => ({ json: JSON.stringify(date.toISOString()) });
  return {
    queueTrigger: { string: text },
    id: { string: message.messageId },
    popReceipt: { string: message.popReceipt },
    dequeueCount: { int: message.dequeueCount },
    insertionTime: time(message.insertedOn),
    expirationTime: time(message.expiresOn),
    nextVisibleTime: time(message.nextVisibleOn),
  };
}
