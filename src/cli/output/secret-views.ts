import type { SecretView, VaultProblem } from '../../domain/rotation/secret-view.ts';
import type { Io } from '../io.ts';
import { type Style, styleFor } from './style.ts';
import { type Column, table } from './table.ts';
import { ageInWords, NONE, printable } from './words.ts';

/** Secrets in the order given, and below them the vaults that could not be listed. */
export function secretTable(secrets: readonly SecretView[], problems: readonly VaultProblem[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const now = io.now();
  const age = (at: string | null): string => (at === null ? NONE : ageInWords(at, now));
  const columns: Column<SecretView>[] = [
    { header: 'SECRET', text: ({ vault, name }) => `${vault}/${name}` },
    { header: 'STATE', text: ({ state }) => state, paint: (text, { state }) => paintState(style, state, text) },
    { header: 'PROVIDER', text: ({ provider }) => provider ?? NONE },
    { header: 'CHANGED', text: ({ createdAt }) => age(createdAt) },
    { header: 'DUE', text: ({ dueAt }) => age(dueAt) },
    { header: 'EXPIRES', text: ({ expiresAt }) => age(expiresAt) },
    { header: 'NEXT', text: nextOf },
  ];
  const told = problems.map(
    ({ vault, problem }) => `\n${style.warn(`${printable(vault)}: ${printable(problem.message)}`)}\n  ${printable(problem.hint)}\n`,
  );
  const rows = secrets.length === 0 ? 'No secret was found.\n' : table(columns, secrets, style.dim);
  return rows + told.join('');
}

/** What the sweep does next, or would do where the vault is only observed. */
function nextOf({ next, rotation, graceUntil }: SecretView): string {
  if (next) return rotation === 'on' ? `${next.action} (${next.reason})` : `would ${next.action} (${next.reason}); only observed`;
  return graceUntil === null ? '' : `retire after ${graceUntil.slice(0, 'yyyy-MM-dd'.length)}`;
}

function paintState(style: Style, state: SecretView['state'], text: string): string {
  if (state === 'fresh' || state === 'in-grace') return style.good(text);
  if (state === 'due') return style.bad(text);
  return state === 'unmanaged' ? style.dim(text) : style.warn(text);
}
