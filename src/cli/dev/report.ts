import type { LeftOut } from '../../local/stack/demo/demo-secret.ts';
import type { StackReady } from '../../local/stack.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../output/style.ts';
import { type Column, facts, table } from '../output/table.ts';
import { elapsed, NONE, number, printable, sizeInWords } from '../output/words.ts';
import type { RotatedSecret, Rotations } from './rotations.ts';
import type { HsmNight } from './tonight.ts';

/** The backups of the night, and below them what went wrong. */
export function nightReport(nights: readonly HsmNight[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const columns: Column<HsmNight>[] = [
    { header: 'HSM', text: ({ hsm }) => hsm },
    { header: 'FOLDER', text: ({ backup }) => backup?.folder ?? NONE },
    {
      header: 'PROOF',
      text: ({ backup }) => backup?.proof ?? NONE,
      paint: (text, { backup }) => (backup ? style.good(text) : style.bad(text)),
    },
    { header: 'BLOBS', text: ({ backup }) => number(backup?.blobs), align: 'right' },
    { header: 'SIZE', text: ({ backup }) => sizeInWords(backup?.sizeBytes ?? null), align: 'right' },
    { header: 'KEYS', text: ({ backup }) => number(backup?.keys), align: 'right' },
    { header: 'DURATION', text: ({ run }) => (run?.endedAt ? elapsed(run.startedAt, run.endedAt, io.now()) : NONE), align: 'right' },
  ];
  const problems = nights.flatMap(({ hsm, problems }) =>
    problems.map((problem) => `\n${style.bad(printable(hsm))}: ${printable(problem).replaceAll('\n', '\n  ')}\n`),
  );
  return table(columns, nights, style.dim) + problems.join('');
}

/** What was rotated, what its targets say, and below that what went wrong and what does not run here. */
export function rotationReport({ secrets, problems }: Rotations, leftOut: readonly LeftOut[], io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const columns: Column<RotatedSecret>[] = [
    { header: 'SECRET', text: ({ vault, name }) => `${vault}/${name}` },
    { header: 'KIND', text: ({ provider }) => provider ?? NONE },
    { header: 'STATE', text: ({ state }) => state },
    {
      header: 'NEW VALUE',
      text: ({ look }) => answerInWords(look?.newValue),
      paint: (text, { look }) => (look?.newValue === false ? style.bad(text) : text),
    },
    { header: 'OLD VALUE', text: oldValueInWords },
  ];
  const told = problems.map((problem) => `\n${style.bad(printable(problem).replaceAll('\n', '\n  '))}\n`);
  const absent = leftOut.map(({ name, why }) => style.dim(`Left out: ${printable(name)}. ${printable(why)}\n`));
  return table(columns, secrets, style.dim) + told.join('') + absent.join('');
}

/** What the target says of a value; none where nobody can be asked. */
const answerInWords = (accepted: boolean | null | undefined): string => (accepted == null ? NONE : accepted ? 'accepted' : 'refused');

function oldValueInWords({ look, graceUntil }: RotatedSecret): string {
  const answer = answerInWords(look?.oldValue);
  return look?.oldValue && graceUntil ? `${answer} until ${graceUntil.slice(0, 'yyyy-MM-dd'.length)}` : answer;
}

/** The sentence that a script may rely on; always the last line of `dev --once`. */
export function verdict(nights: readonly HsmNight[], date: string): string {
  const proven = nights.filter(({ backup }) => backup !== null).length;
  return `hsmkeep: ${proven} of ${nights.length} HSMs have a proven backup of ${date}\n`;
}

/** Where everything is, and what to try. */
export function whereToLook(ready: StackReady, files: Readonly<{ readyFile: string; dataDir: string }>, hsm: string, io: Io): string {
  const style = styleFor(io.stdout, io.env);
  const services = Object.entries({ ...ready.emulator.hsms, ...ready.emulator.vaults });
  const places = facts(
    [
      ['API', `${ready.apiUrl}/api`],
      ['OpenAPI', `${ready.apiUrl}/api/openapi.json`],
      ...services.map(([name, url]) => [name, url] as const),
      ['emulator', `${ready.emulator.controlUrl}/_emulator/requests`],
      ['trust', ready.emulator.caFile],
      ['ready file', `${files.readyFile} (addresses, and tokens of ${Object.keys(ready.users).join(', ')})`],
      ['data, logs', files.dataDir],
    ],
    style.dim,
  );
  return `\n${places}
Try, in another terminal:
  npx hsmkeep hsm list
  npx hsmkeep backup now ${hsm}
  npx hsmkeep backup list ${hsm}
  npx hsmkeep secret list
  npx hsmkeep run list

Ctrl-C stops everything; the next start goes on with what is there.
`;
}
