import type { HttpOutcome } from './listener.ts';
import type { HttpRequest } from './request.ts';

/** One request, as `GET /_emulator/requests` shows it. No header and no body: neither tokens nor values. */
export type LoggedRequest = {
  /** Counts up from 1. */
  readonly id: number;
  /** By the emulator's clock. */
  readonly at: string;
  readonly target: RequestTarget['kind'];
  readonly host: string;
  readonly method: string;
  /** Folded; `url` is as sent. */
  readonly path: string;
  readonly url: string;
  readonly bodyBytes: number;
  /** Name of the principal or person; null before the token was accepted. */
  caller: string | null;
  /** The fault that applied. */
  fault: string | null;
  /** Null while it is answered, and for ever when the connection was cut. */
  status: number | null;
};

/** What a request was sent to. `name` is what `match.host` of a fault names, beside the Host header. */
export type RequestTarget = Readonly<{ kind: 'hsm' | 'vault' | 'identity' | 'arm' | 'graph'; name: string }>;

const KEPT = 10_000;

/** The latest requests to HSMs, vaults, Azure Resource Manager, Graph and the identity endpoints, oldest first; gone when the emulator stops. */
export class RequestLog {
  readonly #now: () => number;
  #entries: LoggedRequest[] = [];
  #lastId = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  begin(target: RequestTarget, request: HttpRequest): LoggedRequest {
    this.#lastId += 1;
    const entry: LoggedRequest = {
      id: this.#lastId,
      at: new Date(this.#now()).toISOString(),
      target: target.kind,
      host: target.name,
      method: request.method,
      path: request.path ?? request.url,
      url: request.url,
      bodyBytes: Number(request.header('content-length') ?? 0),
      caller: null,
      fault: null,
      status: null,
    };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT * 1.1) this.#entries = this.#entries.slice(-KEPT);
    return entry;
  }

  /** @param after Only entries with a greater id. */
  list(after = 0): readonly LoggedRequest[] {
    return this.#entries.filter(({ id }) => id > after);
  }

  clear(): void {
    this.#entries = [];
  }
}

/** Notes how a request ended and hands the outcome on. */
export function logged(entry: LoggedRequest, outcome: HttpOutcome): HttpOutcome {
  if (typeof outcome === 'object') entry.status = outcome.status;
  return outcome;
}
