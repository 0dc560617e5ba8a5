import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type CryptoKey, calculateJwkThumbprint, errors, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import type { EmulatorClock } from '../service.ts';
import { readSetting, writeSetting } from '../state/settings.ts';
import type { Directory, Person, Principal } from './directory.ts';

export type IssuedToken = Readonly<{
  accessToken: string;
  /** Unix seconds, by the emulator's clock. */
  expiresAt: number;
  expiresInSeconds: number;
}>;

/** Why a token was refused; each has its own sentence in a vault's 401. */
export type TokenProblem = 'missing' | 'malformed' | 'signature' | 'issuer' | 'audience' | 'expired';

export type TokenCheck = Readonly<{ ok: true; objectId: string; name: string } | { ok: false; problem: TokenProblem; found?: string }>;

const ALGORITHM = 'RS256';
/** Audience whose tokens carry the people's app roles. */
export const APP_AUDIENCE = 'api://hsmkeep';
const APP_TOKEN_SECONDS = 24 * 3600;
const PERSON_TOKEN_SECONDS = 365 * 24 * 3600;

type SigningKey = Readonly<{ kid: string; privateKey: CryptoKey; publicKey: CryptoKey; publicJwk: JWK }>;

/** Issues the tenant's tokens and checks them, by the emulator's clock. */
export class TokenService {
  readonly #key: SigningKey;
  readonly #directory: Directory;
  readonly #clock: EmulatorClock;
  readonly #issuer: () => string;

  private constructor(key: SigningKey, directory: Directory, clock: EmulatorClock, issuer: () => string) {
    this.#key = key;
    this.#directory = directory;
    this.#clock = clock;
    this.#issuer = issuer;
  }

  /** @param issuer The `iss` of every token; asked late, since it names the port of the authority. */
  static async open(db: DatabaseSync, directory: Directory, clock: EmulatorClock, issuer: () => string): Promise<TokenService> {
    return new TokenService(await loadOrMakeKey(db), directory, clock, issuer);
  }

  /** Public keys for `/discovery/v2.0/keys`. */
  get keySet(): { keys: JWK[] } {
    return { keys: [this.#key.publicJwk] };
  }

  /** A token of an application, as a managed identity or a client secret gets it. */
  issueForPrincipal(principal: Principal, audience: string, expiresInSeconds = APP_TOKEN_SECONDS): Promise<IssuedToken> {
    const { clientId, objectId, appRoles } = principal;
    return this.#issue(audience, expiresInSeconds, objectId, {
      idtyp: 'app',
      azp: clientId,
      appid: clientId,
      azpacr: '1',
      ...rolesFor(audience, appRoles),
    });
  }

  /** A token of a signed-in person; `roles` are the app roles of section 6 of the design, for hsmkeep's audience only. */
  issueForPerson(person: Person, audience: string, expiresInSeconds = PERSON_TOKEN_SECONDS): Promise<IssuedToken> {
    return this.#issue(audience, expiresInSeconds, person.objectId, {
      idtyp: 'user',
      name: person.name,
      preferred_username: `${person.name}@hsmkeep.example`,
      scp: 'user_impersonation',
      ...rolesFor(audience, person.roles),
    });
  }

  /** Without `nbf`: a token must outlive a clock that is moved back. */
  async #issue(audience: string, expiresInSeconds: number, objectId: string, claims: Record<string, unknown>): Promise<IssuedToken> {
    const now = Math.floor(this.#clock.now() / 1000);
    const expiresAt = now + expiresInSeconds;
    const accessToken = await new SignJWT({ ...claims, oid: objectId, tid: this.#directory.tenantId, uti: randomUUID(), ver: '2.0' })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.#key.kid, typ: 'JWT' })
      .setSubject(objectId)
      .setIssuer(this.#issuer())
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(expiresAt)
      .sign(this.#key.privateKey);
    return { accessToken, expiresAt, expiresInSeconds };
  }

  /**
   * Checks signature, issuer, audience and expiry.
   *
   * @param authorization The header as sent; anything but a bearer token counts as missing.
   * @param audiences Any of them is accepted, with or without a trailing slash.
   */
  async check(authorization: string | undefined, audiences: readonly string[]): Promise<TokenCheck> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (!token) return { ok: false, problem: 'missing' };
    try {
      const { payload } = await jwtVerify(token, this.#key.publicKey, {
        algorithms: [ALGORITHM],
        issuer: this.#issuer(),
        audience: audiences.flatMap((audience) => [audience, `${audience}/`]),
        currentDate: new Date(this.#clock.now()),
        requiredClaims: ['oid', 'exp'],
      });
      const objectId = String(payload['oid']).toLowerCase();
      return { ok: true, objectId, name: this.#directory.nameOf(objectId) ?? objectId };
    } catch (error) {
      return { ok: false, ...problemOf(error) };
    }
  }
}

/** The claim is left out where it would be empty. */
const rolesFor = (audience: string, roles: readonly string[]) => (audience === APP_AUDIENCE && roles.length > 0 ? { roles } : {});

function problemOf(error: unknown): { problem: TokenProblem; found?: string } {
  if (error instanceof errors.JWTExpired) return { problem: 'expired' };
  if (error instanceof errors.JWSSignatureVerificationFailed) return { problem: 'signature' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return { problem: 'issuer', found: String(error.payload.iss) };
    if (error.claim === 'aud') return { problem: 'audience', found: String(error.payload.aud) };
  }
  return { problem: 'malformed' };
}

async function loadOrMakeKey(db: DatabaseSync): Promise<SigningKey> {
  let privateJwk = readSetting<JWK>(db, 'tokenKey');
  if (!privateJwk) {
    const pair = await generateKeyPair(ALGORITHM, { extractable: true });
    privateJwk = await exportJWK(pair.privateKey);
    writeSetting(db, 'tokenKey', privateJwk);
  }
  const { kty, n, e } = privateJwk;
  const kid = await calculateJwkThumbprint({ kty, n, e } as JWK);
  const publicJwk: JWK = { kty, n, e, kid, use: 'sig', alg: ALGORITHM } as JWK;
  return {
    kid,
    publicJwk,
    privateKey: (await importJWK(privateJwk, ALGORITHM)) as CryptoKey,
    publicKey: (await importJWK(publicJwk, ALGORITHM)) as CryptoKey,
  };
}
