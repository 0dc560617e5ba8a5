import { RefusedError, TransientError } from '../../clients/errors.ts';
import { type Check, type CheckName, finding } from '../../domain/doctor/check.ts';
import { OperatorError } from '../../domain/errors.ts';

/** Makes checks; what a service refuses or does not answer becomes a finding. Our own bugs are thrown on. */
export async function attempt(check: CheckName, subject: string, work: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await work();
  } catch (error) {
    const what = { check, subject };
    if (error instanceof RefusedError) return [finding(what, error.problem)];
    if (error instanceof OperatorError) return [finding(what, error)];
    if (error instanceof TransientError)
      return [
        finding(what, { message: `${error.message}.`, hint: 'Check its address, the network path and its firewall, then run this again.' }),
      ];
    throw error;
  }
}
