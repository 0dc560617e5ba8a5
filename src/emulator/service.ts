import type { DatabaseSync } from 'node:sqlite';

/** Who calls, once the token was checked. `objectId` is the `oid` claim in lower case. */
export type Caller = Readonly<{ objectId: string; name: string }>;

/** A request to one HSM or vault after routing: authenticated, body parsed, path and query normalised. */
export type ServiceRequest = Readonly<{
  method: string;
  /** Percent-decoded, doubled and trailing slashes folded: `/secrets/db-password`. */
  path: string;
  /** Names percent-decoded and in lower case (`api-version`), values percent-decoded. */
  query: ReadonlyMap<string, string>;
  /** `https://host:port` as the Host header had it; every absolute URL in an answer is built from it. */
  origin: string;
  /** The parsed JSON body; undefined when there was none. */
  body: unknown;
  caller: Caller;
  /** A uuid, also sent as `x-ms-request-id`. */
  requestId: string;
}>;

export type ServiceAnswer = Readonly<{ status: number; body?: unknown; headers?: Readonly<Record<string, string>> }>;

/** The emulator's one clock: wall clock plus what the control interface added, in epoch milliseconds. */
export interface EmulatorClock {
  now(): number;
  /** An emulated duration times `--time-scale`. */
  scaled(durationMs: number): number;
}

/** One emulated HSM or vault, as its handlers see it. */
export type Service = Readonly<{
  kind: 'hsm' | 'vault';
  /** As given on the command line. Tables of state are keyed by kind and name. */
  name: string;
  /** The emulator's one SQLite file. Each module creates its own tables, `create table if not exists`. */
  db: DatabaseSync;
  clock: EmulatorClock;
  /**
   * Local role-based access control of an HSM (no-op on a vault).
   *
   * @param dataAction Without the prefix: `keys/read/action`.
   * @param scope `/`, `/keys` or `/keys/<name>`.
   * @throws {ServiceError} 403 AccessDenied
   */
  authorize(caller: Caller, dataAction: string, scope: string): void;
  /** Announces an event to the addresses given by `--events-to` (vaults only). */
  emit(event: VaultEvent): void;
  /** How this instance was set up, where that differs from the service's defaults. */
  traits?: ServiceTraits;
}>;

export type ServiceTraits = Readonly<{
  /** Days for which a deleted object can be recovered: 7 to 90, default 90. */
  recoverableDays?: number;
  /** Deleted objects cannot be purged. */
  purgeProtection?: boolean;
  /** An empty page with a `nextLink` stands between every two pages of a list. */
  emptyPages?: boolean;
}>;

export type VaultEvent = Readonly<{
  type: 'SecretNearExpiry' | 'SecretExpired' | 'SecretNewVersionCreated';
  name: string;
  version: string;
  /** Unix seconds. */
  nbf?: number;
  exp?: number;
  /** `https://host:port/secrets/name/version` */
  id: string;
}>;

/** An error of the service's own form; the transport writes it as the service would (managed HSMs add the activity id). */
export class ServiceError extends Error {
  readonly status: number;
  readonly code: string;
  /** Code of the inner error, where the service has one. */
  readonly inner: string | undefined;

  constructor(status: number, code: string, message: string, inner?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.inner = inner;
  }
}

export type Params = Readonly<Record<string, string>>;
export type Handler = (request: ServiceRequest, params: Params, service: Service) => ServiceAnswer | Promise<ServiceAnswer>;

/**
 * One row of a service's routing table; the first row that matches wins. `path` has named segments: `/keys/:name/:version`.
 */
export type Route = Readonly<{ method: string; path: string; handle: Handler }>;
