import { type Figure, ratioOf, type Target, verdictOf } from './figure.ts';

const COLUMNS = ['what', 'ours', 'baseline', 'ratio', 'target', 'verdict'] as const;
type Line = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** Figures as lines under one another, the notes and ways to get missing baselines below. */
export function table(figures: readonly Figure[]): string {
  if (figures.length === 0) return 'no figures';
  const lines: Line[] = [Object.fromEntries(COLUMNS.map((column) => [column, column])) as Line, ...figures.map(lineOf)];
  const widths = COLUMNS.map((column) => Math.max(...lines.map((line) => line[column].length)));
  const rows = lines.map((line) =>
    COLUMNS.map((column, index) => line[column].padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...rows, ...figures.flatMap(remarks)].join('\n');
}

function lineOf(figure: Figure): Line {
  const { what, unit, ours, baseline, target } = figure;
  const ratio = ratioOf(figure);
  return {
    what,
    ours: `${number(ours)} ${unit}`,
    baseline: baseline === undefined ? '' : 'value' in baseline ? `${number(baseline.value)} ${unit} (${baseline.name})` : baseline.name,
    ratio: ratio === undefined ? '' : ratio.toFixed(2),
    target: target ? words(target, unit) : '',
    verdict: verdictOf(figure),
  };
}

function words(target: Target, unit: string): string {
  const bound = 'atMost' in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
  return target.of === 'ratio' ? bound : `${bound} ${unit}`;
}

function remarks({ what, baseline, note }: Figure): string[] {
  const skipped = baseline && 'skipped' in baseline ? [`  ${what}: ${baseline.name} skipped: ${baseline.skipped}`] : [];
  return [...skipped, ...(note ? [`  ${what}: ${note}`] : [])];
}

/** Three significant digits are more than a busy machine gives. */
function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
