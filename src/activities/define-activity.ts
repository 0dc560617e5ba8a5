import type { Clients } from '../clients/clients.ts';
import { RefusedError, ThrottledError, TransientError } from '../clients/errors.ts';
import type { Duty } from '../domain/duty.ts';
import { OperatorError } from '../domain/errors.ts';
import { redact } from '../domain/redact.ts';
import type { Problem } from '../domain/views.ts';

/**
 * What an activity hands back: its value; or why it will never have one; or after how long to ask again, in milliseconds, because the
 * service takes no more requests for now. The last two are results, so that they are not repeated blindly.
 */
export type Outcome<T> = Readonly<{ value: T }> | Readonly<{ refused: Problem }> | Readonly<{ throttledMs: number }>;

/** An activity: the name it is registered under, the duties that need it, and how it is made. */
export type Activity<Input, Output> = Readonly<{
  name: string;
  duties: readonly Duty[];
  create(clients: Clients): (input: Input) => Promise<Outcome<Output>>;
}>;

/**
 * Defines an activity against the client interfaces.
 *
 * What leaves it is fit for Durable state: refusals become results, and the message of any other error is ours or made harmless.
 *
 * @throws {TransientError} from the made function; the orchestrator repeats it.
 */
export function defineActivity<Input, Output>(
  name: string,
  duties: readonly Duty[],
  create: (clients: Clients) => (input: Input) => Promise<Output>,
): Activity<Input, Output> {
  return {
    name,
    duties,
    create(clients) {
      const run = create(clients);
      return async (input) => {
        try {
          return { value: await run(input) };
        } catch (error) {
          if (error instanceof RefusedError) return { refused: error.problem };
          if (error instanceof OperatorError) return { refused: { message: error.message, hint: error.hint } };
          if (error instanceof ThrottledError) return { throttledMs: error.retryAfterMs };
          if (error instanceof TransientError) throw new Error(error.message);
          throw new Error(`unexpected: ${redact(error instanceof Error ? error.message : String(error))}`);
        }
      };
    },
  };
}
