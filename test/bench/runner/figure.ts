/** What a figure has to be compared with for the goal to be met. */
export type Target = Readonly<{ of: 'ratio' | 'ours'; atMost: number } | { of: 'ratio' | 'ours'; atLeast: number }>;

/** Measured in the same run as ours, or, when it is not installed, how to get it. */
export type Baseline = Readonly<{ name: string; value: number }> | Readonly<{ name: string; skipped: string }>;

/** One line of the final table. */
export type Figure = Readonly<{
  /** What was measured, such as `load of the deployed bundle, cpu`. */
  what: string;
  /** Of ours and of the baseline, such as `ms` or `runs/s`. */
  unit: string;
  ours: number;
  baseline?: Baseline;
  /** None: the figure is only printed. */
  target?: Target;
  /** How it was measured, or what it must not be mistaken for. */
  note?: string;
}>;

export type Verdict = 'met' | 'missed' | 'skipped' | '-';

/** Ours over the baseline; undefined without a baseline. */
export const ratioOf = ({ ours, baseline }: Figure): number | undefined =>
  baseline && 'value' in baseline ? ours / baseline.value : undefined;

/** Whether the goal is met; `-` where there is none. */
export function verdictOf(figure: Figure): Verdict {
  const { target, baseline, ours } = figure;
  if (baseline && 'skipped' in baseline && target?.of !== 'ours') return 'skipped';
  if (!target) return '-';
  const value = target.of === 'ratio' ? ratioOf(figure) : ours;
  if (value === undefined) return '-';
  return ('atMost' in target ? value <= target.atMost : value >= target.atLeast) ? 'met' : 'missed';
}
