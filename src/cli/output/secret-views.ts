import type { SecretView, VaultProblem } from '../../domain/rotation/secret-view.ts';
import type { Io } from '../io.ts';
import { type Style, styleFor } from './style.ts';
import { type Column, table } from './table.ts';
import { NONE, printable, shortAge, shortDistance } from './words.ts';

/** Longer names of owners are cut, so that a row fits a terminal of 120 characters; `--json` has them whole. */
const LONGEST_OWNER = 12;

/** Secrets in the order given, and below them the vaults that could not be listed. */
export function secretTable(secrets: readonly SecretView[], problems: readonly VaultProblem[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const now = io.now();
  const columns: Column<SecretView>[] = [
    { header: 'SECRET', text: ({ vault, name }) => `${vault}/${name}` },
    { header: 'OWNER', text: ({ owner }) => cut(owner ?? NONE, LONGEST_OWNER) },
    { header: 'STATE', text: ({ state }) => state, paint: (text, view) => paintState(style, view, text) },
    { header: 'AGE', text: ({ createdAt }) => shortAge(createdAt, now).replace(' ago', '') },
    { header: 'DUE', text: ({ dueAt }) => shortDistance(dueAt, now) },
    { header: 'EXPIRES', text: ({ expiresAt }) => shortDistance(expiresAt, now) },
    { header: 'LAST RESULT', text: (view) => lastOf(view, now), paint: (text, { lastResult }) => paintResult(style, lastResult, text) },
    { header: 'NEXT', text: (view) => nextOf(view, now) },
  ];
  const told = problems.map(
    ({ vault, problem }) => `\n${style.warn(`${printable(vault)}: ${printable(problem.message)}`)}\n  ${printable(problem.hint)}\n`,
  );
  const rows = secrets.length === 0 ? 'No secret was found.\n' : table(columns, secrets, style.dim);
  return rows + told.join('');
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function lastOf({ lastResult }: SecretView, now: Date): string {
  if (!lastResult) return NONE;
  return `${lastResult.outcome ?? lastResult.status.toLowerCase()} ${shortAge(lastResult.endedAt, now)}`;
}

const REASONS: Readonly<Record<NonNullable<SecretView['next']>['reason'], string>> = {
  due: 'due',
  expired: 'expired',
  unfinished: 'unfinished',
  'grace-over': 'grace over',
  'changed-by-others': 'changed',
};

/** What the sweep does next, or would do where the vault is only observed. */
function nextOf({ next, rotation, state, graceUntil, windowOpensAt }: SecretView, now: Date): string {
  const would = rotation === 'on' ? '' : 'would ';
  if (next) return `${would}${next.action} (${REASONS[next.reason]})`;
  if (windowOpensAt) return `${would}${state === 'retiring' ? 'retire' : 'rotate'} ${shortDistance(windowOpensAt, now)} (window)`;
  return graceUntil === null ? '' : `retire ${shortDistance(graceUntil, now)}`;
}

function paintState(style: Style, { state, windowOpensAt }: SecretView, text: string): string {
  if (state === 'fresh' || state === 'in-grace' || windowOpensAt) return style.good(text);
  if (state === 'due') return style.bad(text);
  return state === 'unmanaged' ? style.dim(text) : style.warn(text);
}

const paintResult = (style: Style, result: SecretView['lastResult'], text: string): string =>
  result?.status === 'Failed' ? style.bad(text) : result?.status === 'Degraded' ? style.warn(text) : text;
