import type { EventSchema } from './events.ts';

/** An HSM to emulate. HSMs with an equal `domain` can restore each other's backups; without one an HSM has a security domain of its own. */
export type HsmOptions = Readonly<{ name: string; domain?: string | undefined }>;

/** The command line of `hsmkeep emulator`, as an object. */
export type EmulatorOptions = Readonly<{
  /** Folder for the state, made on first use. */
  dataDir: string;
  hsms?: readonly HsmOptions[];
  vaults?: readonly string[];
  /** Storage accounts whose keys Azure Resource Manager rotates; their blobs are held by an Azurite of the emulator's own. */
  storageAccounts?: readonly string[];
  /** Application registrations whose secrets Microsoft Graph rotates. */
  applications?: readonly string[];
  /** Connection strings of the accounts that the HSMs' own identity may use. */
  storage?: readonly string[];
  /** Control port; 0 or absent = the one of last time if it is free, else any. */
  port?: number;
  /**
   * Ports by `control`, `authority`, or name of an HSM or vault. What is not named has the port of last time if that is free, else any.
   */
  ports?: Readonly<Record<string, number>>;
  /** Factor on every emulated duration, default 1; 0 = done at the first poll. */
  timeScale?: number;
  /** Seconds by the emulator's clock that a backup must be old before it can be restored, default 0. */
  minBackupAgeSeconds?: number;
  /** Where vault events are delivered. */
  eventsTo?: readonly string[];
  eventSchema?: EventSchema;
}>;

/** Content of the ready file. All URLs are on 127.0.0.1, without a trailing slash. */
export type ReadyInfo = Readonly<{
  hsms: Readonly<Record<string, string>>;
  vaults: Readonly<Record<string, string>>;
  /** PEM of the authority that clients must trust. */
  caFile: string;
  /** For `IDENTITY_ENDPOINT`. */
  tokenUrl: string;
  /** For `IDENTITY_HEADER`. */
  tokenHeader: string;
  /** For `AZURE_AUTHORITY_HOST`. */
  authorityUrl: string;
  tenantId: string;
  /** The first one is the default identity. */
  clients: readonly Readonly<{ name: string; clientId: string; clientSecret: string; objectId: string }>[];
  /** Requests to `/_emulator/…` go here; plain http. */
  controlUrl: string;
  /** Azure Resource Manager: for `az cloud register --endpoint-resource-manager`, and for the keys of storage accounts. */
  armUrl: string;
  /** By name; `id` is the resource id. */
  storageAccounts?: Readonly<Record<string, Readonly<{ id: string; blobEndpoint: string }>>>;
  /** Microsoft Graph, where there are applications. */
  graphUrl?: string;
  /** By name; `id` is the object id, `clientSecret` the secret that the application was made with. */
  applications?: Readonly<Record<string, Readonly<{ id: string; clientId: string; clientSecret: string }>>>;
  /** Tokens of the named people for the audience `api://hsmkeep`. */
  users: Readonly<Record<string, string>>;
}>;
