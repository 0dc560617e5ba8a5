import { Cron } from 'croner';
import * as z from 'zod';
import { CANARY_KEY } from '../domain/canary.ts';
import { drillTarget } from '../domain/drill/target.ts';
import { OperatorError } from '../domain/errors.ts';

const isTimeZone = (name: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
};

const isSchedule = (pattern: string): boolean => {
  try {
    return new Cron(pattern, { paused: true, mode: '6-part', domAndDow: true, sloppyRanges: true }).nextRun() !== null;
  } catch {
    return false;
  }
};

const isLoopback = (hostname: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname) || hostname.endsWith('.localhost');
const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** Adds a mistake to what zod found. */
const mistakeIn =
  (context: z.core.ParsePayload<string>) =>
  (message: string): void => {
    context.issues.push({ code: 'custom', message, input: context.value });
  };

/** A service's address: https (http only to this machine), no path, no query. */
const serviceUrl = z.string().check((context) => {
  const url = parseUrl(context.value);
  const complain = mistakeIn(context);
  if (!url) return complain('is not a URL, such as https://contoso-hsm.managedhsm.azure.net');
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) complain('must begin with https://');
  if (url.username || url.password) complain('must not carry a user name or password');
  if (url.pathname !== '/' || url.search || url.hash) complain('must end after the host name');
});

/** A blob container, never with a SAS: that is a secret, and this file is none. */
const containerUrl = z.string().check((context) => {
  const url = parseUrl(context.value);
  const complain = mistakeIn(context);
  if (!url) return complain('is not a URL, such as https://contosobackup.blob.core.windows.net/hsm');
  if (url.search || /[?&]sig=/.test(context.value)) {
    return complain('carries a SAS token: put the token into a secret and name it as "auth": {"sas": "https://<vault>/secrets/<name>"}');
  }
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) complain('must begin with https://');
  if (url.pathname.length < 2 || url.pathname.endsWith('/')) complain('must name a container, without a slash at the end');
});

const secretReference = z.string().check((context) => {
  const complain = mistakeIn(context);
  if (/(^|[?&])(sig|sv|se)=/.test(context.value))
    return complain('is a raw SAS token: store it as a secret and put the reference https://<vault>/secrets/<name> here');
  const url = parseUrl(context.value);
  if (url?.protocol !== 'https:' || !/^\/secrets\/[0-9a-zA-Z-]+\/?$/.test(url.pathname) || url.search) {
    complain('must be a secret reference: https://<vault>.vault.azure.net/secrets/<name>');
  }
});

const schedule = z
  .string()
  .refine(isSchedule, 'is not a schedule: six fields, second minute hour day month weekday, such as "0 0 2 * * *"');
/** An IANA time zone. */
export const timeZone = z.string().refine(isTimeZone, 'is not an IANA time zone, such as Europe/Berlin');
const name = z.string().regex(/^[0-9a-zA-Z](?:[0-9a-zA-Z-]{0,22}[0-9a-zA-Z])?$/, 'must be 1 to 24 letters, digits and hyphens');
const count = z.int().min(-1, 'must be -1 (all) or more');
const duration = z.string().regex(/^(?=.)(\d+y)?(\d+m)?(\d+d)?(\d+h)?$/, 'must be a duration such as 1y2m3d4h');

/** The rules of a retention policy, as people write them. */
export const retention = z.strictObject({
  last: count.optional(),
  hourly: count.optional(),
  daily: count.optional(),
  weekly: count.optional(),
  monthly: count.optional(),
  yearly: count.optional(),
  within: duration.optional(),
  withinHourly: duration.optional(),
  withinDaily: duration.optional(),
  withinWeekly: duration.optional(),
  withinMonthly: duration.optional(),
  withinYearly: duration.optional(),
  keepTags: z.array(z.array(z.string())).optional(),
});

/** What no retention rule can cross, as people write it. */
export const protect = z.strictObject({
  countsFrom: z.enum(['L0', 'L1', 'L2', 'L3c', 'L3']).optional(),
  floor: z.int().min(1).optional(),
  undoDays: z.int().min(0).optional(),
  maxDeletesPerRun: z.int().min(0).optional(),
  maxDeleteShare: z.number().min(0).max(1).optional(),
  failedKeepDays: z.int().min(0).optional(),
});

const storageAuth = z.union([z.literal('managedIdentity'), z.strictObject({ sas: secretReference })], {
  error: 'must be "managedIdentity" or {"sas": "https://<vault>/secrets/<name>"}',
});

const hsmOptions = {
  securityDomain: z.string().min(1).optional(),
  backupTo: z.strictObject({ container: containerUrl, auth: storageAuth.optional() }).optional(),
  schedule: schedule.optional(),
  jitterMinutes: z.int().min(0).max(240).optional(),
  maxAgeHours: z.number().positive().optional(),
  retention: retention.optional(),
  protect: protect.optional(),
  prune: z.enum(['observe', 'mark', 'delete']).optional(),
  preRestore: z.enum(['off', 'nightly', 'weekly']).optional(),
  immutableCopy: z.strictObject({ container: containerUrl, days: z.int().min(1) }).optional(),
  drill: z
    .strictObject({
      into: name,
      mode: z.enum(['canary', 'full']).optional(),
      schedule: schedule.optional(),
      canaryKey: z
        .string()
        .regex(/^[0-9a-zA-Z-]{1,127}$/, 'must be the name of a key: letters, digits and hyphens')
        .optional(),
    })
    .optional(),
  repairRoles: z.boolean().optional(),
};

const vaultOptions = {
  rotation: z.enum(['observe', 'on']).optional(),
  escrowVault: serviceUrl.optional(),
  targets: z.array(z.string().min(1)).optional(),
  maxValidityDays: z.int().min(1).optional(),
  share: z.number().gt(0).max(1).optional(),
  checkDays: z.int().min(0).max(366).optional(),
  topic: z.string().startsWith('/subscriptions/').optional(),
};

/** The configuration file as people write it. */
export const configFile = z.strictObject({
  $schema: z.string().optional(),
  timeZone: timeZone.default('UTC'),
  tenantId: z.string().min(1).optional(),
  audience: z.string().min(1).optional(),
  defaults: z.strictObject({ hsm: z.strictObject(hsmOptions).optional(), vault: z.strictObject(vaultOptions).optional() }).optional(),
  hsms: z.array(z.strictObject({ name, url: serviceUrl, ...hsmOptions })).default([]),
  /** HSMs that are there for drills only: not backed up by schedule, and never kept. */
  drillHsms: z
    .array(
      z.strictObject({
        name,
        url: serviceUrl,
        securityDomain: hsmOptions.securityDomain,
        backupTo: hsmOptions.backupTo,
        repairRoles: hsmOptions.repairRoles,
      }),
    )
    .default([]),
  vaults: z.array(z.strictObject({ name, url: serviceUrl, ...vaultOptions })).default([]),
  notify: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        kind: z.literal('webhook'),
        url: z.url(),
        signingKey: secretReference.optional(),
        on: z.array(z.enum(['failed', 'degraded', 'recovered', 'overdue'])),
      }),
    )
    .default([]),
  endpoints: z.strictObject({ arm: z.url().optional(), graph: z.url().optional(), authority: z.url().optional() }).optional(),
});

type ConfigFile = z.output<typeof configFile>;
type HsmFile = ConfigFile['hsms'][number];
type VaultFile = ConfigFile['vaults'][number];

const HSM_DEFAULTS = {
  schedule: '0 0 2 * * *',
  jitterMinutes: 15,
  maxAgeHours: 26,
  retention: { last: 3, daily: 14, weekly: 8, monthly: 12, yearly: 0, within: '48h' },
  protect: { countsFrom: 'L1', floor: 3, undoDays: 7, maxDeletesPerRun: 10, maxDeleteShare: 0.5, failedKeepDays: 14 },
  prune: 'observe',
  preRestore: 'off',
  repairRoles: false,
} as const satisfies Partial<HsmFile>;

/** At six on the first of each month. */
const DRILL_DEFAULTS = { mode: 'canary', schedule: '0 0 6 1 * *', canaryKey: CANARY_KEY } as const;

/** `into`: an HSM of `drillHsms`. */
export type DrillConfig = Readonly<{ into: string; mode: 'canary' | 'full'; schedule: string; canaryKey: string }>;

/** One Managed HSM with every default filled in. */
export type HsmConfig = Readonly<
  Omit<HsmFile, keyof typeof HSM_DEFAULTS | 'backupTo' | 'drill'> & {
    drill?: DrillConfig;
    backupTo: Readonly<{ container: string; auth: 'managedIdentity' | Readonly<{ sas: string }> }>;
    schedule: string;
    jitterMinutes: number;
    maxAgeHours: number;
    retention: NonNullable<HsmFile['retention']>;
    protect: Required<NonNullable<HsmFile['protect']>>;
    prune: 'observe' | 'mark' | 'delete';
    preRestore: 'off' | 'nightly' | 'weekly';
    repairRoles: boolean;
  }
>;

const VAULT_DEFAULTS = { rotation: 'observe', targets: [] } as const satisfies Partial<VaultFile>;

/** One Key Vault with every default filled in. Escrow kept in the vault itself is the choice of who names its own URL as `escrowVault`. */
export type VaultConfig = Readonly<Omit<VaultFile, 'rotation' | 'targets'> & { rotation: 'observe' | 'on'; targets: readonly string[] }>;

/** The whole configuration, validated, defaults merged under every HSM and vault. */
export type Config = Readonly<Omit<ConfigFile, 'hsms' | 'drillHsms' | 'vaults' | 'defaults' | 'endpoints'>> &
  Readonly<{
    hsms: readonly HsmConfig[];
    /** HSMs that are there for drills only. */
    drillHsms: readonly HsmConfig[];
    vaults: readonly VaultConfig[];
    endpoints: Readonly<{ arm: string; graph: string; authority: string }>;
  }>;

const CHECK = 'Mend the configuration; `hsmkeep config check` names every mistake and `hsmkeep config schema` prints the schema.';

/**
 * Reads a configuration from JSON text. Form only: whether an HSM, container or secret exists is for a run to find out.
 *
 * @throws {OperatorError} naming every mistake with its path, not only the first.
 */
export function parseConfig(text: string): Config {
  const json = parseJson(text);
  const { success, data, error } = configFile.safeParse(json);
  if (!success) {
    // Names of HSMs are checked even when something else is wrong, so that one reading shows all.
    throw invalid([...error.issues.flatMap(describeIssue), ...duplicates(json)]);
  }

  const hsms = data.hsms.map((hsm) => mergeHsm(data, hsm));
  const drillHsms = data.drillHsms.map((hsm) => mergeDrillHsm(data, hsm));
  const vaults = data.vaults.map((vault) => mergeVault(data, vault));
  const mistakes = [
    ...duplicates(data),
    ...hsms.flatMap(missingParts('hsms')),
    ...hsms.flatMap(copyMistakes),
    ...drillHsms.flatMap(missingParts('drillHsms')),
    ...drillMistakes(hsms, drillHsms),
    ...vaults.flatMap(missingEscrow),
  ];
  if (mistakes.length > 0) throw invalid(mistakes);

  const { defaults, endpoints, ...rest } = data;
  return {
    ...rest,
    vaults,
    hsms: hsms as HsmConfig[],
    drillHsms: drillHsms as HsmConfig[],
    endpoints: {
      arm: withoutSlash(endpoints?.arm ?? 'https://management.azure.com'),
      graph: withoutSlash(endpoints?.graph ?? 'https://graph.microsoft.com'),
      authority: withoutSlash(endpoints?.authority ?? 'https://login.microsoftonline.com'),
    },
  };
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '');

/** The schema of the file, for editors. */
export const configJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(configFile, { io: 'input', unrepresentable: 'any' }),
  title: 'hsmkeep configuration',
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OperatorError(`Invalid configuration: not JSON (${(cause as Error).message}).`, CHECK);
  }
}

function mergeHsm({ defaults }: Pick<ConfigFile, 'defaults'>, hsm: HsmFile) {
  const shared = defaults?.hsm ?? {};
  const { drill: _shared, ...sharedRest } = shared;
  const backupTo = hsm.backupTo ?? shared.backupTo;
  const { drill: _, ...own } = hsm;
  const drill = hsm.drill ?? shared.drill;
  return {
    ...HSM_DEFAULTS,
    ...sharedRest,
    ...own,
    ...(drill && { drill: { ...DRILL_DEFAULTS, ...drill } }),
    url: hsm.url.replace(/\/$/, ''),
    backupTo: backupTo && { container: backupTo.container, auth: backupTo.auth ?? 'managedIdentity' },
    // A policy is taken whole: half of one policy and half of another would be a third that nobody wrote.
    retention: hsm.retention ?? shared.retention ?? HSM_DEFAULTS.retention,
    protect: { ...HSM_DEFAULTS.protect, ...shared.protect, ...hsm.protect },
  };
}

/** Of the defaults it takes where backups go; it is never pruned, checked or drilled by schedule. */
function mergeDrillHsm({ defaults }: ConfigFile, hsm: ConfigFile['drillHsms'][number]) {
  const { backupTo } = defaults?.hsm ?? {};
  return mergeHsm({ defaults: { hsm: { ...(backupTo && { backupTo }) } } }, hsm);
}

const mergeVault = ({ defaults }: ConfigFile, vault: VaultFile): VaultConfig => {
  const merged = { ...VAULT_DEFAULTS, ...defaults?.vault, ...vault };
  const escrowVault = merged.escrowVault?.replace(/\/$/, '');
  return { ...merged, url: vault.url.replace(/\/$/, ''), ...(escrowVault !== undefined && { escrowVault }) };
};

/** Values on their way must lie somewhere before they are used. */
const missingEscrow = ({ name, rotation, escrowVault }: VaultConfig, index: number): string[] =>
  rotation === 'observe' || escrowVault !== undefined
    ? []
    : [
        `vaults[${index}].escrowVault: is missing (here or in defaults.vault): the vault that keeps new values of ${name} until they are in use; its own URL keeps them beside its secrets, where every reader of the vault can read them`,
      ];

const missingParts =
  (list: 'hsms' | 'drillHsms') =>
  (hsm: ReturnType<typeof mergeHsm>, index: number): string[] =>
    hsm.backupTo
      ? []
      : [`${list}[${index}].backupTo: is missing (here or in defaults.hsm): the container that backups of ${hsm.name} go to`];

type MergedHsm = ReturnType<typeof mergeHsm>;

/** In the container of the backups a second copy would be the backup itself. */
function copyMistakes({ name, backupTo, immutableCopy }: MergedHsm, index: number): string[] {
  const isSame = backupTo && immutableCopy && new URL(backupTo.container).href === new URL(immutableCopy.container).href;
  return isSame
    ? [`hsms[${index}].immutableCopy.container: is the container that backups of ${name} go to; a copy has to lie in another`]
    : [];
}

/** A drill destroys what is in its target, which must be an HSM that is there for nothing else. */
function drillMistakes(hsms: readonly MergedHsm[], drillHsms: readonly MergedHsm[]): string[] {
  return hsms.flatMap((hsm, index) => {
    const found = hsm.drill && drillTarget(hsm, hsm.drill.into, { hsms, drillHsms });
    return found && 'problem' in found ? [`hsms[${index}].drill.into: ${found.problem.message} ${found.problem.hint}`] : [];
  });
}

/** Two entries of one name would share a lock, a folder prefix and a schedule. */
function duplicates(file: unknown): string[] {
  const lists = (file ?? {}) as Record<'hsms' | 'drillHsms' | 'vaults', unknown>;
  return (['hsms', 'drillHsms', 'vaults'] as const).flatMap((list) => {
    const entries = Array.isArray(lists[list]) ? (lists[list] as { name?: unknown }[]) : [];
    const names = entries.map((entry) => String(entry?.name ?? '').toLowerCase());
    return names.flatMap((name, index) => {
      const first = names.indexOf(name);
      return name && first < index ? [`${list}[${index}].name: "${name}" is also the name of ${list}[${first}]`] : [];
    });
  });
}

/** A mistake that zod found, as lines of path and complaint: `hsms[0].retention.daily: must be -1 (all) or more`. */
export function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${pathText([...issue.path, key])}: is not a known field`);
  // A union reports what each of its forms disliked; the most specific complaint is the useful one.
  if (issue.code === 'invalid_union') {
    const nested = issue.errors.flatMap((issues) => issues.filter(({ path }) => path.length > 0));
    if (nested.length > 0)
      return nested.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue));
  }
  return [`${path || 'the file'}: ${issue.message}`];
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  );

const invalid = (mistakes: readonly string[]): OperatorError =>
  new OperatorError(
    `Invalid configuration, ${mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`,
    CHECK,
  );
