import { DEFAULT_POLICY, parsePolicy, type RotationPolicy } from './policy.ts';

/** Tags of a version as Key Vault keeps them: at most 15, readable by everyone who may list. Nothing secret. */
export type Tags = Readonly<Record<string, string>>;

/** Tags that say how a secret is rotated; copied to every new version. */
export const CONFIG_TAGS = ['rot-provider', 'rot-target', 'rot-principal', 'rot-admin', 'rot-policy', 'rot-notify'] as const;

/** Tags that say how one published version came about; each version has its own. */
export const STATE_TAGS = ['rot-id', 'rot-base', 'rot-slot', 'rot-grace-until'] as const;

/** Says that a person took the secret out of hsmkeep's hands; an absent tag may only have been lost with a new version. */
export const UNMANAGED = 'none';

const MOST_TAGS = 15;
const LONGEST_TAG = 256;

/** How one secret is rotated, as its tags say. */
export type Management = Readonly<{
  provider: string;
  /** Resource id or URL, without credentials; empty where the provider needs none. */
  target: string;
  /** The account on the target; empty where the provider needs none. */
  principal: string;
  /** `mi`, `self`, or `vault/name` of the admin's secret; empty for the provider's default. */
  admin: string;
  notify: readonly string[];
  policy: RotationPolicy;
}>;

export type ParsedManagement =
  | Readonly<{ status: 'unmanaged' }>
  | Readonly<{ status: 'managed'; management: Management; mistakes: readonly string[] }>;

/** The tags that Microsoft's rotation samples set are read where ours are absent, for migration. */
const FALLBACK: Readonly<Record<string, string>> = { 'rot-target': 'ProviderAddress', 'rot-principal': 'CredentialId' };

/** Where a provider's secrets are better served by another default. */
const POLICY_OF: Readonly<Record<string, RotationPolicy>> = {
  // Ending a storage key ends every SAS signed with it, and nobody can see which those are.
  'azure-storage-key': { ...DEFAULT_POLICY, retire: 'at-next' },
};

/**
 * Reads how a secret is rotated.
 *
 * @see https://learn.microsoft.com/azure/key-vault/secrets/tutorial-rotation for the tags of the samples
 */
export function parseManagement(tags: Tags): ParsedManagement {
  const provider = tags['rot-provider'];
  if (provider === undefined || provider === UNMANAGED) return { status: 'unmanaged' };

  const days = /^[1-9]\d{0,3}$/.test(tags['ValidityPeriodDays'] ?? '') ? `every=${tags['ValidityPeriodDays']}d` : '';
  const { policy, mistakes } = parsePolicy(tags['rot-policy'] ?? days, POLICY_OF[provider]);
  const text = (name: string): string => (tags[name] ?? tags[FALLBACK[name] ?? ''] ?? '').trim();
  const management: Management = {
    provider,
    target: text('rot-target'),
    principal: text('rot-principal'),
    admin: text('rot-admin'),
    notify: text('rot-notify')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    policy,
  };
  return { status: 'managed', management, mistakes };
}

/** Whether a target may be rotated: one of the allowed, or below one. Letter case does not matter. */
export function isAllowedTarget(target: string, allowed: readonly string[]): boolean {
  const wanted = target.toLowerCase().replace(/\/$/, '');
  return allowed.map((entry) => entry.toLowerCase().replace(/\/$/, '')).some((entry) => wanted === entry || wanted.startsWith(`${entry}/`));
}

/** What a new version remembers. `graceUntil` null: there is no old credential to retire. */
export type VersionMarks = Readonly<{ rotationId: string; base: string; slot: string; graceUntil: string | null }>;

/** The tags of a new version: all tags of the one before, foreign ones too, with the marks of this one. */
export function tagsForVersion(previous: Tags, { rotationId, base, slot, graceUntil }: VersionMarks): Tags {
  return {
    ...withoutState(previous),
    'rot-id': rotationId,
    'rot-base': base,
    'rot-slot': slot,
    ...(graceUntil !== null && { 'rot-grace-until': graceUntil }),
  };
}

/** When the grace of what a version replaced is over, as its tag says, ISO 8601 UTC; undefined where it says nothing that can be read. */
export function graceTag(tags: Tags): string | undefined {
  const at = Date.parse(tags['rot-grace-until'] ?? '');
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** Tags without what hsmkeep writes on a version. */
export const withoutState = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => !(STATE_TAGS as readonly string[]).includes(name)));

/** Only the tags that say how a secret is rotated. */
export const configTagsOf = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => (CONFIG_TAGS as readonly string[]).includes(name)));

/** Why Key Vault would not take these tags; empty when it would. */
export function tagMistakes(tags: Tags): string[] {
  const entries = Object.entries(tags);
  return [
    ...(entries.length > MOST_TAGS ? [`there would be ${entries.length} tags, and a secret takes ${MOST_TAGS}`] : []),
    ...entries.flatMap(([name, value]) =>
      name.length > LONGEST_TAG || value.length > LONGEST_TAG ? [`tag ${name.slice(0, 40)} is longer than ${LONGEST_TAG} characters`] : [],
    ),
  ];
}
