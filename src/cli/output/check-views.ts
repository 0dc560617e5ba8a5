import type { Check } from '../../domain/doctor/check.ts';
import type { Io } from '../io.ts';
import { styleFor } from './style.ts';
import { table } from './table.ts';
import { counted } from './words.ts';

const SIGN = { ok: 'ok', finding: 'WRONG', unknown: '?' } as const;

/** All that was looked at, then what to do about what is wrong. */
export function checkTable(checks: readonly Check[], { stdout, env }: Io): string {
  const style = styleFor(stdout, env);
  const paint = { ok: style.good, finding: style.bad, unknown: style.warn };
  const rows = table<Check>(
    [
      { header: ' ', text: ({ status }) => SIGN[status], paint: (text, { status }) => paint[status](text) },
      { header: 'SUBJECT', text: ({ subject }) => subject },
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
