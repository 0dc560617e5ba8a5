import { type DequeuedMessageItem, type QueueClient, RestError } from '@azure/storage-queue';
import type { RegisteredFunction } from '../app-model.ts';
import { resolveSettings } from '../app-settings.ts';
import type { CallFunction } from '../function-caller.ts';
import type { QueueSettings } from '../host-config.ts';
import { errorText, type Log } from '../log.ts';
import { queueService } from './queue-connection.ts';
import { decodeMessage, messageMetadata } from './queue-message.ts';

/** How long a message stays hidden while its function runs; renewed halfway. */
const HIDDEN_SECONDS = 600;

/** An empty queue is asked again after this time, twice as long each time up to the longest. */
const FIRST_WAIT_MS = 100;

/** Azure waits up to a minute; nobody sits at a laptop that long, and a local queue costs nothing. */
const LONGEST_WAIT_MS = 2_000;

/**
 * One Storage queue trigger: takes messages in batches, calls the function once per message, all of a batch at once. A message whose function
 * failed comes again; after `maxDequeueCount` times, or when it cannot be decoded, it moves to `<queue>-poison`.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger
 */
export class QueueTrigger {
  readonly #fn: RegisteredFunction;
  readonly #call: CallFunction;
  readonly #settings: QueueSettings;
  readonly #log: Log;
  readonly #queue: QueueClient;
  readonly #poison: QueueClient;
  readonly #stopping = new AbortController();
  #polling: Promise<void> | undefined;

  /** @throws {OperatorError} when the binding's settings are missing. */
  constructor(fn: RegisteredFunction, { call, settings, log }: { call: CallFunction; settings: QueueSettings; log: Log }) {
    this.#fn = fn;
    this.#call = call;
    this.#settings = settings;
    this.#log = log;
    const service = queueService(String(fn.trigger['connection'] ?? ''));
    const name = resolveSettings(String(fn.trigger['queueName'])).toLowerCase();
    this.#queue = service.getQueueClient(name);
    this.#poison = service.getQueueClient(`${name}-poison`);
  }

  get functionName(): string {
    return this.#fn.name;
  }

  start(): void {
    this.#polling = this.#poll();
  }

  /** Takes no more messages; resolves when those taken are done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (!this.#stopping.signal.aborted) {
      const messages = await this.#take();
      await Promise.all(messages.map((message) => this.#handle(message)));
      if (messages.length > 0) waitMs = FIRST_WAIT_MS;
      else {
        await pause(waitMs, this.#stopping.signal);
        waitMs = Math.min(waitMs * 2, this.#settings.maxPollingInterval ?? LONGEST_WAIT_MS);
      }
    }
  }

  /**
   * No message when the queue does not exist (it may be made later) or cannot be reached (which is logged). Never cut short: messages that were on
   * their way would stay hidden.
   */
  async #take(): Promise<readonly DequeuedMessageItem[]> {
    try {
      const { receivedMessageItems } = await this.#queue.receiveMessages({
        numberOfMessages: this.#settings.batchSize,
        visibilityTimeout: HIDDEN_SECONDS,
      });
      return receivedMessageItems;
    } catch (error) {
      const missing = error instanceof RestError && error.statusCode === 404;
      if (!missing) this.#report('warning', 'queue cannot be read', { reason: errorText(error) });
      return [];
    }
  }

  async #handle(message: DequeuedMessageItem): Promise<void> {
    const text = decodeMessage(message.messageText, this.#settings.messageEncoding);
    const receipt = this.#keepHidden(message);
    try {
      if (text === undefined) await this.#toPoison(message, await receipt.release(), 'it is not in the encoding of host.json');
      else if (message.dequeueCount > this.#settings.maxDequeueCount)
        await this.#toPoison(message, await receipt.release(), 'it came too often');
      else await this.#run(message, text, receipt);
    } catch (error) {
      // The message becomes visible again by itself.
      this.#report('error', 'queue message could not be settled', { messageId: message.messageId, reason: errorText(error) });
    } finally {
      await receipt.release();
    }
  }

  async #run(message: DequeuedMessageItem, text: string, receipt: Hidden): Promise<void> {
    try {
      await this.#call(this.#fn, { string: text }, { triggerMetadata: messageMetadata(message, text) });
    } catch (error) {
      const { messageId, dequeueCount } = message;
      this.#report('error', 'queue function failed', { messageId, dequeueCount, reason: errorText(error) });
      const popReceipt = await receipt.release();
      if (dequeueCount >= this.#settings.maxDequeueCount) await this.#toPoison(message, popReceipt, 'its function failed every time');
      else await this.#queue.updateMessage(messageId, popReceipt, message.messageText, this.#settings.visibilityTimeout / 1000);
      return;
    }
    await this.#queue.deleteMessage(message.messageId, await receipt.release());
  }

  async #toPoison(message: DequeuedMessageItem, popReceipt: string, why: string): Promise<void> {
    this.#report('warning', 'queue message goes to the poison queue', { messageId: message.messageId, why });
    await this.#poison.createIfNotExists();
    await this.#poison.sendMessage(message.messageText);
    await this.#queue.deleteMessage(message.messageId, popReceipt);
  }

  /** Renews the message's invisibility until released, which answers the receipt that is valid then. */
  #keepHidden({ messageId, messageText, popReceipt }: DequeuedMessageItem): Hidden {
    let renewal: Promise<string> = Promise.resolve(popReceipt);
    const renew = async (receipt: string): Promise<string> => {
      const { popReceipt: next } = await this.#queue.updateMessage(messageId, receipt, messageText, HIDDEN_SECONDS);
      return next ?? receipt;
    };
    const timer = setInterval(() => {
      // A renewal that failed leaves the old receipt, which is valid for the other half of the time.
      renewal = renewal.then((receipt) => renew(receipt).catch(() => receipt));
    }, HIDDEN_SECONDS * 500);
    return {
      release: () => {
        clearInterval(timer);
        return renewal;
      },
    };
  }

  #report(level: 'warning' | 'error', message: string, fields: Record<string, unknown>): void {
    this.#log(level, message, { function: this.#fn.name, queue: this.#queue.name, ...fields });
  }
}

type Hidden = Readonly<{ release(): Promise<string> }>;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
