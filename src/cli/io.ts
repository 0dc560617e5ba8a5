/** What a command may touch of the process that it runs in; tests pass their own. */
export type Io = Readonly<{
  /** Results, and nothing else: `--json` output can be piped on. */
  stdout: Output;
  /** Progress, warnings and errors. */
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  cwd: string;
  now(): Date;
  /** Asks whoever sits at the terminal; absent when nobody does. */
  ask?(question: string): Promise<string>;
}>;

export type Output = Readonly<{
  write(text: string): unknown;
  isTTY?: boolean;
  /** Width of the terminal. */
  columns?: number;
}>;

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, misused: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
