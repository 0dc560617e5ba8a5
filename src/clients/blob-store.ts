/** A blob as listings show it. */
export type BlobFacts = Readonly<{
  name: string;
  sizeBytes: number;
  etag: string;
  /** ISO 8601 UTC. */
  modifiedAt: string;
  /** What was written beside it; only in listings that asked for it. */
  label?: BlobLabel;
}>;

/** A few words beside a blob, for listings that then need not read it. Names are lower-case letters, values plain ASCII. */
export type BlobLabel = Readonly<Record<string, string>>;

/** What became of many blobs. `retained`: kept by an immutability policy or a legal hold; that is no failure. `removed` counts those that were gone already. */
export type RemovedMany = Readonly<{ removed: number; retained: number }>;

export type Document = Readonly<{ text: string; etag: string }>;

/** `changed`: the condition did not hold, somebody else wrote first. */
export type WriteResult = Readonly<{ status: 'written'; etag: string } | { status: 'changed' }>;

/** Write only over this version, or only where nothing is. */
export type WriteCondition = Readonly<{ ifMatch: string } | { ifAbsent: true }>;

/**
 * One blob container: the backups of HSMs, or the app's own documents.
 *
 * Every method has a deadline. All throw {@link RefusedError} when the account says no (no such container, no right) and
 * {@link TransientError} when a retry may help.
 */
export interface BlobStore {
  /** The container's address, without any token. */
  readonly url: string;
  read(path: string): Promise<Document | undefined>;
  /** @param label Replaces the one before; without it there is none afterwards. */
  write(path: string, text: string, condition?: WriteCondition, label?: BlobLabel): Promise<WriteResult>;
  /** Idempotent. `changed`: another version than `ifMatch` is there. */
  remove(path: string, ifMatch?: string): Promise<'removed' | 'missing' | 'changed'>;
  /** Removes blobs with their snapshots, in as few requests as the service allows; reads no more paths than are on their way. Idempotent. */
  removeMany(paths: AsyncIterable<string>): Promise<RemovedMany>;
  /** The service's clock less this machine's, in milliseconds; null when it did not tell. */
  clockSkewMs(): Promise<number | null>;
  /** The first path segments below the container's root that begin with the prefix, each without its slash. */
  listFolders(prefix: string): AsyncIterable<string>;
  /** Every blob whose name begins with the prefix, in the order of names. */
  listBlobs(prefix: string, options?: Readonly<{ labels: boolean }>): AsyncIterable<BlobFacts>;
  /** The bytes of a blob, of one version where its ETag is given; undefined when it is gone or another version is there. */
  open(path: string, etag?: string): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** A container that takes copies of another's blobs. */
export interface CopyStore extends BlobStore {
  /**
   * Copies one version of a blob of another container to the same path here: all of it or nothing, and never over a blob that is there. The
   * service does it where it can reach the source; otherwise the bytes are streamed through this process.
   *
   * @returns `present`: a blob was here already. `changed`: the source is gone, or another version is there.
   */
  copyFrom(source: BlobStore, path: string, etag: string): Promise<'copied' | 'present' | 'changed'>;
}

/** A container that is made for one restore. */
export interface LandingStore extends CopyStore {
  /** Idempotent. */
  create(): Promise<void>;
  /** Removes it with all that is in it. Idempotent. */
  drop(): Promise<void>;
}

/** Where a document is read, changed and written back, until nobody came between. */
export async function updateDocument(
  store: BlobStore,
  path: string,
  change: (text: string | undefined) => string | undefined,
  attempts = 5,
): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const current = await store.read(path);
    const next = change(current?.text);
    if (next === undefined || next === current?.text) return true;
    const written = await store.write(path, next, current ? { ifMatch: current.etag } : { ifAbsent: true });
    if (written.status === 'written') return true;
  }
  return false;
}
