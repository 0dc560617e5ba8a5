/** Private or secret key material as a JWK, without `kid` and `key_ops`. EC curves have Key Vault's names (`P-256K`). */
export type KeyMaterial = Readonly<
  | { kty: 'RSA'; n: string; e: string; d: string; p: string; q: string; dp: string; dq: string; qi: string }
  | { kty: 'EC'; crv: CurveName; x: string; y: string; d: string }
  | { kty: 'oct'; k: string }
>;

export type CurveName = 'P-256' | 'P-384' | 'P-521' | 'P-256K';

export const KEY_OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey', 'import', 'export'] as const;

/** What a version's material may be used for. */
export type KeyOperation = (typeof KEY_OPERATIONS)[number];

/** Times are Unix seconds. */
export type KeyAttributes = Readonly<{
  enabled: boolean;
  exportable: boolean;
  created: number;
  updated: number;
  nbf?: number | undefined;
  exp?: number | undefined;
}>;

/** One version of a key, private part included. */
export type KeyVersion = Readonly<{
  /** 32 lower-case hexadecimal digits. */
  version: string;
  material: KeyMaterial;
  keyOps: readonly KeyOperation[];
  attributes: KeyAttributes;
  tags?: Readonly<Record<string, string>> | undefined;
}>;

/** A live key with all its versions, oldest first: JSON-serialisable, so a backup can hold it. */
export type KeyRecord = Readonly<{ name: string; versions: readonly KeyVersion[] }>;
