import type { Check } from '../../domain/doctor/check.ts';
import type { Io } from '../io.ts';
import { styleFor } from './style.ts';
import { table } from './table.ts';
import { counted } from './words.ts';

const SIGN = { ok: 'ok', finding: 'WRONG', unknown: '?' } as const;

const LONGEST_SUBJECT = 48;
/** Both ends of what is too long for a column: a resource id begins like all others and ends with what it names. */
function shortened(subject: string): string {
  if (subject.length <= LONGEST_SUBJECT) return subject;
  const head = Math.floor(LONGEST_SUBJECT / 4);
  return `${subject.slice(0, head)}…${subject.slice(head + 1 - LONGEST_SUBJECT)}`;
}

/** All that was looked at, then what to do about what is wrong. */
export function checkTable(checks: readonly Check[], { stdout, env }: Io): string {
  const style = styleFor(stdout, env);
  const paint = { ok: style.good, finding: style.bad, unknown: style.warn };
  const rows = table<Check>(
    [
      { header: ' ', text: ({ status }) => SIGN[status], paint: (text, { status }) => paint[status](text) },
      { header: 'SUBJECT', text: ({ subject }) => shortened(subject) },
      { header: 'CHECK', text: ({ check }) => check },
      { header: 'WHAT', text: ({ message }) => message },
    ],
    checks,
    style.dim,
  );
  const advice = checks.filter(({ status, hint }) => status !== 'ok' && hint !== null);
  const lines = advice.map(({ subject, check, message, hint }) => `${subject}, ${check}: ${message}\n  ${hint}\n`);
  const wrong = checks.filter(({ status }) => status === 'finding').length;
  const end = wrong === 0 ? 'Nothing is wrong.\n' : `${counted(wrong, 'finding')}.\n`;
  return [rows, ...lines, end].join('\n');
}
