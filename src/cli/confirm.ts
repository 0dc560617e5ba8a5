import { OperatorError } from '../domain/errors.ts';
import { MisuseError } from './errors.ts';
import type { Io } from './io.ts';
import { printable } from './output/words.ts';

/**
 * Goes on only when somebody said yes: by `--yes`, or at the terminal.
 *
 * @param what What would be done, as a sentence without its end: `Delete the role Night backup`.
 * @throws {MisuseError} when nobody can be asked; {@link OperatorError} when they said no.
 */
export async function confirm({ ask }: Io, what: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!ask) throw new MisuseError(`${what}: nobody is here to say yes.`, 'Add --yes to do it without asking.');
  const answer = await ask(`${printable(what)}? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new OperatorError('Nothing was changed.', 'Answer y, or add --yes, to go on.');
}
