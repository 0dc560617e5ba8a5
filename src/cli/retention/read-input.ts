import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import * as z from 'zod';
import { describeIssue, protect, retention, timeZone } from '../../config/config.ts';
import { PROOF_LEVELS } from '../../domain/backup.ts';
import { DEFAULT_PROTECTION, isEmptyPolicy, type RetentionPolicy } from '../../domain/retention/policy.ts';
import type { RetainedBackup } from '../../domain/retention/retained-backup.ts';
import { MisuseError } from '../errors.ts';
import { counted } from '../output/words.ts';

/** The policy and the backups of `hsmkeep retention plan`. */
export type PlanFiles = Readonly<{ policy: RetentionPolicy; backups: readonly RetainedBackup[] }>;

const instant = z.iso.datetime({ offset: true, error: 'must be a time with an offset, such as 2026-11-22T02:00:00Z' });

/** Strict, because a misspelt `heldUntil` would be a hold that does not hold. */
const backupEntry = z.strictObject({
  id: z.string().min(1, 'must not be empty'),
  takenAt: instant,
  proof: z.enum(PROOF_LEVELS, `must be one of ${PROOF_LEVELS.join(', ')}`),
  tags: z.array(z.string()).optional(),
  heldUntil: instant.optional(),
});

const backupsFile = z.array(backupEntry, 'must be a list of backups');
const policyFile = z.strictObject({ retention, timeZone: timeZone.default('UTC'), protect: protect.optional() });

/**
 * Reads and checks the files of a plan.
 *
 * @param files Paths. The policy is `{"retention": {…}, "timeZone"?, "protect"?}`, or the same with its rules at the top.
 * @throws {MisuseError} naming every mistake in either file, each with its path.
 */
export function readPlanFiles(files: Readonly<{ policy: string; backups: string }>): PlanFiles {
  const policy = readFile(files.policy, policyFile, emptiness, nested);
  const backups = readFile(files.backups, backupsFile, duplicates);
  if (policy.data && backups.data) return { policy: toPolicy(policy.data), backups: backups.data.map(toBackup) };

  const mistakes = [...policy.mistakes, ...backups.mistakes];
  throw new MisuseError(
    `Invalid input, ${counted(mistakes.length, 'mistake')}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`,
    'Mend the files; `hsmkeep retention plan --help` shows the form of both.',
  );
}

/**
 * The time of a plan: what `--now` says, and without it the machine's clock; ISO 8601.
 *
 * @throws {MisuseError} when it is no time with an offset.
 */
export function readNow(text: string | undefined, now: Date): string {
  if (text === undefined) return now.toISOString();
  if (instant.safeParse(text).success) return text;
  throw new MisuseError(`--now ${text} is not a time with an offset.`, 'Write it as 2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00.');
}

type Reading<T> = Readonly<{ data?: T; mistakes: readonly string[] }>;

/**
 * Reads one file.
 *
 * @param also What the schema cannot say; asked whatever else is wrong, so that one reading names all mistakes.
 * @param prepare Brings the JSON into the form that is checked.
 */
function readFile<T>(
  path: string,
  schema: z.ZodType<T>,
  also: (json: unknown) => string[],
  prepare: (json: unknown) => unknown = (json) => json,
): Reading<T> {
  const inFile = (lines: readonly string[]): string[] => lines.map((line) => `${basename(path)}: ${line}`);
  let json: unknown;
  try {
    json = prepare(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const what = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    return { mistakes: inFile([`${what} (${(error as Error).message})`]) };
  }
  const { data, error } = schema.safeParse(json);
  const mistakes = inFile([...(error?.issues.flatMap(describeIssue) ?? []), ...also(json)]);
  return mistakes.length === 0 ? { data, mistakes } : { mistakes };
}

/** Two entries of one id could be told to stay and to go at once. */
function duplicates(json: unknown): string[] {
  const ids = Array.isArray(json) ? json.map((entry: { id?: unknown } | null) => entry?.id) : [];
  const firsts = new Map<unknown, number>();
  return ids.flatMap((id, index) => {
    const first = firsts.get(id);
    if (first === undefined) firsts.set(id, index);
    return typeof id === 'string' && first !== undefined ? [`[${index}].id: "${id}" is also the id of [${first}]`] : [];
  });
}

function emptiness(json: unknown): string[] {
  const { data } = retention.safeParse((json as { retention?: unknown } | null)?.retention);
  return data && isEmptyPolicy(data) ? ['retention: no rule is on, so the policy would keep nothing (to keep everything: "last": -1)'] : [];
}

/** Rules at the top of a policy are put where the configuration of an HSM has them. */
function nested(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || 'retention' in json) return json;
  const { timeZone, protect, ...rules } = json as Record<string, unknown>;
  return { retention: rules, ...(timeZone !== undefined && { timeZone }), ...(protect !== undefined && { protect }) };
}

const toPolicy = (file: z.output<typeof policyFile>): RetentionPolicy => ({
  rules: file.retention,
  timeZone: file.timeZone,
  protection: { ...DEFAULT_PROTECTION, ...file.protect },
});

const toBackup = ({ heldUntil, ...backup }: z.output<typeof backupEntry>): RetainedBackup => ({
  ...backup,
  ...(heldUntil !== undefined && { holds: [{ until: heldUntil }] }),
});
