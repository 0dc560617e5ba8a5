import { type Delivery, deliver } from '../clients/outbox.ts';
import { defineActivity } from './define-activity.ts';

export type SendNoticeInput = Readonly<{ path: string }>;

/** Sends one notice of the outbox at once. What is not taken stays there, and the five-minute timer sends it again. */
export const sendNotice = defineActivity(
  'sendNotice',
  ['backup', 'restore', 'rotate'],
  (clients) =>
    ({ path }: SendNoticeInput): Promise<Delivery> =>
      deliver(clients, path, new Date().toISOString()),
);
