/** A calendar duration such as `1y2m3d4h`; whole numbers, none negative. */
export type Duration = Readonly<{ years: number; months: number; days: number; hours: number }>;

const DURATION = /^(?=.)(?:(?<years>\d+)y)?(?:(?<months>\d+)m)?(?:(?<days>\d+)d)?(?:(?<hours>\d+)h)?$/;

/**
 * Reads a duration in restic's notation: years, months, days and hours in this order, each optional. There are no weeks.
 *
 * @throws {RangeError} for anything else; the configuration and the command line have checked the form before.
 * @see https://restic.readthedocs.io/en/stable/060_forget.html
 */
export function parseDuration(text: string): Duration {
  const parts = DURATION.exec(text)?.groups;
  if (!parts) throw new RangeError(`Not a duration such as 1y2m3d4h: ${text}`);
  const part = (name: keyof Duration): number => Number(parts[name] ?? 0);
  return { years: part('years'), months: part('months'), days: part('days'), hours: part('hours') };
}

/** A duration of nothing turns its rule off. */
export const isZero = ({ years, months, days, hours }: Duration): boolean => years + months + days + hours === 0;

/** The shortest notation of a duration: `0y7d` is `7d`. */
export const showDuration = ({ years, months, days, hours }: Duration): string =>
  (
    [
      [years, 'y'],
      [months, 'm'],
      [days, 'd'],
      [hours, 'h'],
    ] as const
  )
    .map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`))
    .join('');
