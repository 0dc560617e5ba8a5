import { OperatorError } from '../domain/errors.ts';

/** What a service refused or did not answer, as an error for people; our own bugs are thrown on. */
export async function forPeople<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { RefusedError, TransientError } = await import('../clients/errors.ts');
    if (error instanceof RefusedError) throw new OperatorError(error.problem.message, error.problem.hint, { cause: error });
    if (error instanceof TransientError) throw new OperatorError(`${error.message}.`, 'Try again in a moment.', { cause: error });
    throw error;
  }
}
