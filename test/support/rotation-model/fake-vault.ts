import { RefusedError } from '../../../src/clients/errors.ts';
import type { NewVersion, SecretFacts, SecretReading, Vault, VersionChange } from '../../../src/clients/vault.ts';
import { Sensitive } from '../../../src/domain/rotation/sensitive.ts';
import type { Tags } from '../../../src/domain/rotation/tags.ts';
import { azureFailing, type World } from './world.ts';

export type StoredVersion = {
  readonly version: string;
  readonly value: string;
  readonly createdAt: string;
  readonly contentType: string | null;
  readonly expiresAt: string | null;
  enabled: boolean;
  tags: Tags;
};

const MOST_TAGS = 15;

/**
 * A Key Vault as `rotation.md` 2.1 describes it: the newest version is the current one, enabled or not, and one that is disabled cannot be
 * read; every write makes a version; times are whole seconds, and versions of one second are listed in no particular order; tags are not
 * inherited; the name of a deleted secret is taken.
 */
export class FakeVault implements Vault {
  readonly name: string;
  readonly url: string;
  readonly #world: World;
  readonly #secrets = new Map<string, StoredVersion[]>();
  readonly #deleted = new Set<string>();
  /** Told of every version that is made. */
  onWrite: (name: string, made: StoredVersion) => void = () => {};
  #made = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.url = `https://${name}.vault.azure.net`;
  }

  /** Every version, oldest first, past all rules. */
  stored(name: string): readonly StoredVersion[] {
    return this.#secrets.get(name) ?? [];
  }

  newest(name: string): StoredVersion | undefined {
    return this.stored(name).at(-1);
  }

  isDeleted = (name: string): boolean => this.#deleted.has(name);
  delete = (name: string): void => void this.#deleted.add(name);
  recover = (name: string): void => void this.#deleted.delete(name);

  /** What a person does, who is not disturbed. */
  put(
    name: string,
    { value, tags, contentType = null, expiresAt = null }: Omit<NewVersion, 'value'> & Readonly<{ value: string }>,
  ): string {
    this.#made += 1;
    const made: StoredVersion = {
      version: `${scatter(this.#made)}${this.#made}`,
      value,
      createdAt: `${this.#world.now.slice(0, 'yyyy-MM-ddTHH:mm:ss'.length)}.000Z`,
      contentType,
      expiresAt,
      enabled: true,
      tags,
    };
    this.#secrets.set(name, [...this.stored(name), made]);
    return made.version;
  }

  read(name: string, version?: string): Promise<SecretReading> {
    return this.#ask(`read ${name}`, () => {
      if (this.#deleted.has(name)) return { status: 'missing' };
      const found = version === undefined ? this.newest(name) : this.stored(name).find((one) => one.version === version);
      if (!found) return { status: 'missing' };
      return found.enabled ? { status: 'found', facts: factsOf(name, found), value: new Sensitive(found.value) } : { status: 'disabled' };
    });
  }

  versions(name: string): Promise<readonly SecretFacts[]> {
    return this.#ask(`versions of ${name}`, () => {
      const all = this.#deleted.has(name) ? [] : [...this.stored(name)];
      return all.sort((a, b) => compare(b.createdAt, a.createdAt) || compare(a.version, b.version)).map((one) => factsOf(name, one));
    });
  }

  async *list(): AsyncIterable<SecretFacts> {
    yield* await this.#ask('list', () =>
      [...this.#secrets].flatMap(([name, versions]) => {
        const newest = versions.at(-1);
        return newest && !this.#deleted.has(name) ? [factsOf(name, newest)] : [];
      }),
    );
  }

  write(name: string, { value, ...version }: NewVersion): Promise<SecretFacts> {
    return this.#ask(`write ${name} (${version.tags['rot-state'] ?? 'published'})`, () => {
      if (this.#deleted.has(name)) throw refusal('conflict', 'ObjectIsDeletedButRecoverable');
      if (Object.keys(version.tags).length > MOST_TAGS) throw refusal('invalid', 'TooManyTags');
      value.use((text) => this.put(name, { ...version, value: text }));
      const made = this.newest(name) as StoredVersion;
      this.onWrite(name, made);
      return factsOf(name, made);
    });
  }

  update(name: string, version: string, { tags, enabled }: VersionChange): Promise<SecretFacts> {
    return this.#ask(`update ${name} (${tags?.['rot-state'] ?? (enabled === false ? 'disabled' : 'tags')})`, () => {
      const found = this.#deleted.has(name) ? undefined : this.stored(name).find((one) => one.version === version);
      if (!found) throw refusal('missing', 'SecretNotFound');
      if (tags) found.tags = { ...tags };
      if (enabled !== undefined) found.enabled = enabled;
      return factsOf(name, found);
    });
  }

  #ask<T>(what: string, perform: () => T): Promise<T> {
    return this.#world.request(`${this.name}: ${what}`, perform, azureFailing(this.name));
  }
}

const factsOf = (name: string, { value: _never, ...facts }: StoredVersion): SecretFacts => ({ name, ...facts, tags: { ...facts.tags } });
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Version ids are in no order. */
const scatter = (n: number): string => ((n * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');

const refusal = (kind: 'conflict' | 'invalid' | 'missing', code: string): RefusedError =>
  new RefusedError({ kind, code, detail: code }, { message: `the vault refused (${code})`, hint: 'Read the code.' });
