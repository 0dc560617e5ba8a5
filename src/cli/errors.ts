import { OperatorError } from '../domain/errors.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { styleFor } from './output/style.ts';
import { printable } from './output/words.ts';

/** The command was used wrongly, or was given a bad file: exit 2 where another {@link OperatorError} is exit 1. */
export class MisuseError extends OperatorError {
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, hint, options);
    this.name = 'MisuseError';
  }
}

/**
 * Prints an error as what happened, then what to do. An error that is not for people is our bug: only its message is shown,
 * with its stack when `HSMKEEP_DEBUG` is set.
 *
 * @returns The exit code that belongs to it.
 */
export function reportError(error: unknown, io: Io): ExitCode {
  const style = styleFor(io.stderr, io.env);
  const failed = style.bad('error');

  if (error instanceof OperatorError) {
    io.stderr.write(`${failed}: ${printable(error.message)}\n${indent(printable(error.hint))}\n`);
    return error instanceof MisuseError ? EXIT.misused : EXIT.failed;
  }

  const message = error instanceof Error ? error.message : String(error);
  io.stderr.write(`${failed}: ${printable(message)}\n  This is a fault of hsmkeep itself; HSMKEEP_DEBUG=1 shows where.\n`);
  if (io.env['HSMKEEP_DEBUG'] && error instanceof Error) io.stderr.write(`${error.stack}\n`);
  return EXIT.failed;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
