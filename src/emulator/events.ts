import type { EmulatorClock, VaultEvent } from './service.ts';

export type EventSchema = 'eventgrid' | 'cloudevents';

export interface EventDelivery {
  emit(vaultName: string, event: VaultEvent): void;
  tick(): Promise<void>;
  stop(): void;
}

export type EventDeliveryOptions = Readonly<{
  urls: readonly string[];
  schema: EventSchema;
  clock: EmulatorClock;
  /** Azure resource id of a vault. */
  topicFor: (vaultName: string) => string;
}>;

export function createEventDelivery(_options: EventDeliveryOptions): EventDelivery {
  return { emit() {}, async tick() {}, stop() {} };
}
