import type { DrillPlan } from '../../domain/drill/plan.ts';
import { printable } from './words.ts';

const MOST_SHOWN = 40;

/** What a drill would do, for people. */
export function drillPage({ source, target, folder, mode, copied, destroyed, rearm, preflights }: DrillPlan): string {
  const what = mode === 'full' ? 'everything: keys, role definitions and role assignments' : 'the canary key alone';
  return [
    `Drill of ${source}: ${what}\n  from ${folder}\n  into ${target}\n`,
    ...preflights
      .filter(({ status }) => status !== 'ok')
      .map(({ name, message, hint }) => `\n${name}: ${[message, hint].filter(Boolean).join('\n  ')}\n`),
    section('Copied', copied),
    section('Gone or changed there afterwards', destroyed),
    section('Must be given their roles there again', rearm),
    mode === 'full' ? `\nWhoever may use the keys of ${source} may then use the copies in ${target}.\n` : '',
    `\nStart it:  hsmkeep drill ${source}\n`,
  ]
    .map(printable)
    .join('');
}

function section(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  const rest = items.length > MOST_SHOWN ? [`… and ${items.length - MOST_SHOWN} more; --json shows all`] : [];
  return `\n${title}:\n${[...items.slice(0, MOST_SHOWN), ...rest].map((item) => `  ${item}\n`).join('')}`;
}
