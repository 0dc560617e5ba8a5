import type { IssuingProvider, ProviderContext } from '../providers/contract.ts';
import { publishedOf, type Work } from './secret-work.ts';

/** Takes what bears the secret's mark and is not published off the target: the leavings of a crash, or of a rotation that was given up. */
export async function revokeForgotten(work: Work, provider: IssuingProvider, context: ProviderContext): Promise<void> {
  for (const id of await provider.listIssued(context, work.spec, [publishedOf(work)])) await provider.revoke(context, work.spec, id);
}
