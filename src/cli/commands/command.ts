import { Command, InvalidArgumentError, Option } from 'commander';
import { type ApiClient, apiClient } from '../api/client.ts';
import { type ConnectionOptions, type Duty, resolveTarget } from '../api/target.ts';
import type { ExitCode, Io } from '../io.ts';

/** What a command is given to run with. */
export type CommandContext = Readonly<{
  io: Io;
  /** Commands say here how they ended; the process ends with the last word said. */
  exit(code: ExitCode): void;
}>;

/** Options that every command has that calls the API. */
export type ApiOptions = ConnectionOptions & Readonly<{ json?: boolean }>;

/** Examples below the help of a command: what it does, then the line to type. */
export function withExamples(command: Command, examples: readonly (readonly [what: string, line: string])[]): Command {
  const lines = examples.map(([what, line]) => `  # ${what}\n  $ ${line}\n`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('')}`);
}

/** Adds where the API is, who calls it, and `--json`. */
export function withApiOptions(command: Command): Command {
  return command
    .option('--json', "print the API's JSON, for programs")
    .option('--url <url>', 'the deployed hsmkeep (HSMKEEP_URL); without it the local stack')
    .option('--token <token>', 'access token (better in HSMKEEP_TOKEN: other users can see a command line)')
    .option('--audience <uri>', 'audience of the token to ask Azure for (HSMKEEP_AUDIENCE)')
    .option('--ready-file <file>', 'ready file of the local stack, when it is not .hsmkeep/ready.json here or above')
    .option('--as <name>', 'person of the local stack to be: alice, bob, carol or root')
    .addOption(new Option('--timeout <seconds>', 'deadline of one HTTP call').argParser(seconds).default(30));
}

/** The API of the app with this duty, as the options and the environment say. */
export async function connect(options: ApiOptions, io: Io, duty: Duty = 'backup'): Promise<ApiClient> {
  const target = await resolveTarget(options, duty, io);
  return apiClient(target, options.timeout === undefined ? undefined : options.timeout * 1000);
}

/** Prints for a program or for a person. */
export function print<T>(io: Io, options: Readonly<{ json?: boolean }>, value: T, forPeople: (value: T) => string): void {
  io.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : forPeople(value));
}

export function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It takes a number of seconds.');
  return value;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It takes a whole number above 0.');
  return Number(text);
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('It takes a number from 0 to 65535; 0 is any free port.');
  return value;
}

/** A noun: a command that only holds verbs. */
export function noun(name: string, description: string): Command {
  return new Command(name).description(description);
}
