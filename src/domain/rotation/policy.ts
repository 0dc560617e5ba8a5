import { DAY_MS, HOUR_MS, parseSpan } from './duration.ts';
import { LOOK_MS } from './times.ts';
import { parseFormat, type ValueFormat } from './value-format.ts';
import { type MaintenanceWindow, parseWindow } from './window.ts';

/** How the old and the new credential follow each other on the target. */
export const STRATEGIES = ['single', 'alternating', 'multi', 'keypair', 'issued'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** The characters that generated values are made of. None needs quoting in SQL, URLs, shells, YAML or connection strings. */
export const ALPHABETS = {
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  alphanumeric: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  hex: '0123456789abcdef',
} as const;
export type Alphabet = keyof typeof ALPHABETS;

const RETIRE = ['on-grace', 'at-next', 'when-unused'] as const;

/** How a secret is rotated: the tag `rot-policy`, every part with a default. Times in milliseconds. */
export type RotationPolicy = Readonly<{
  everyMs: number;
  graceMs: number;
  window: MaintenanceWindow | null;
  strategy: Strategy | 'auto';
  format: ValueFormat;
  /**
   * When the old credential ends: with the grace; `at-next`, when the next rotation replaces it; `when-unused`, when nobody uses it any more,
   * and no later than a second grace after the first.
   */
  retire: (typeof RETIRE)[number];
  alphabet: Alphabet;
  length: number;
}>;

export const DEFAULT_POLICY: RotationPolicy = {
  everyMs: 60 * DAY_MS,
  graceMs: 7 * DAY_MS,
  window: null,
  strategy: 'auto',
  format: { kind: 'raw' },
  retire: 'on-grace',
  alphabet: 'base64url',
  length: 40,
};

/** Consumers that read once a day have seen the new value by then. */
const SHORTEST_GRACE_MS = 48 * HOUR_MS;
const SHORTEST_VALUE = 16;
const LONGEST_VALUE = 256;

type Part = Readonly<{ value: Partial<RotationPolicy> } | { mistake: string }>;

const READERS: Readonly<Record<string, (text: string) => Part>> = {
  every: (text) => span(text, 'every', (everyMs) => ({ everyMs })),
  grace: (text) => span(text.replace(/ force$/, ''), 'grace', (graceMs) => ({ graceMs })),
  window: (text) => read(parseWindow(text), 'window must be such as "Sat 02:00/3h Europe/Berlin"', (window) => ({ window })),
  strategy: (text) => {
    const strategy = (['auto', ...STRATEGIES] as const).find((one) => one === text);
    return read(strategy, `strategy must be auto or one of ${STRATEGIES.join(', ')}`, (given) => ({ strategy: given }));
  },
  format: (text) => read(parseFormat(text), 'format must be raw, json:<member>, conn:<field> or url', (format) => ({ format })),
  retire: (text) => {
    const retire = RETIRE.find((one) => one === text);
    return read(retire, `retire must be one of ${RETIRE.join(', ')}`, (given) => ({ retire: given }));
  },
  alphabet: (text) => {
    const names = Object.keys(ALPHABETS) as Alphabet[];
    const alphabet = names.find((one) => one === text);
    return read(alphabet, `alphabet must be one of ${names.join(', ')}`, (given) => ({ alphabet: given }));
  },
  length: (text) => {
    const length = /^\d{1,3}$/.test(text) ? Number(text) : 0;
    const allowed = length >= SHORTEST_VALUE && length <= LONGEST_VALUE;
    return read(allowed ? length : undefined, `length must be from ${SHORTEST_VALUE} to ${LONGEST_VALUE}`, (given) => ({ length: given }));
  },
};

/**
 * Reads `every=60d;grace=7d;window=Sat 02:00/3h Europe/Berlin;strategy=auto;format=raw;retire=on-grace;alphabet=base64url;length=40`.
 *
 * @param text Empty: every default.
 * @param defaults What holds where the text says nothing.
 * @returns The policy, and every mistake in it; a part with a mistake has its default.
 */
export function parsePolicy(
  text: string,
  defaults: RotationPolicy = DEFAULT_POLICY,
): Readonly<{ policy: RotationPolicy; mistakes: readonly string[] }> {
  const given = text.split(';').filter((part) => part.trim() !== '');
  const parts = given.map((part): Part => {
    const at = part.indexOf('=');
    const [name, value] = [part.slice(0, Math.max(at, 0)).trim(), part.slice(at + 1).trim()];
    return READERS[name]?.(value) ?? { mistake: `"${part.trim()}" is no part of a policy: ${Object.keys(READERS).join(', ')}` };
  });

  const policy: RotationPolicy = Object.assign({}, defaults, ...parts.map((part) => ('value' in part ? part.value : {})));
  const mistakes = parts.flatMap((part) => ('mistake' in part ? [part.mistake] : []));
  return { policy, mistakes: [...mistakes, ...contradictions(policy, /\bgrace=[^;]* force\b/.test(text))] };
}

function contradictions({ everyMs, graceMs, window }: RotationPolicy, forced: boolean): string[] {
  return [
    // A shorter one could open and close between two looks.
    ...(window && window.lengthMs < LOOK_MS ? ['window must be open for 1h or longer: secrets are looked at once an hour'] : []),
    ...(graceMs < SHORTEST_GRACE_MS && !forced
      ? ['grace is below 48h, within which consumers that read once a day may not have seen the new value; "grace=1h force" insists']
      : []),
    ...(everyMs <= 2 * graceMs ? ['every must be more than twice grace'] : []),
  ];
}

const read = <T>(value: T | undefined, mistake: string, make: (value: T) => Partial<RotationPolicy>): Part =>
  value === undefined ? { mistake } : { value: make(value) };
const span = (text: string, name: string, make: (ms: number) => Partial<RotationPolicy>): Part =>
  read(parseSpan(text), `${name} must be a number of days, hours or minutes, such as 60d`, make);
