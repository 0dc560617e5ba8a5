import { isEscrowName } from './escrow.ts';
import type { ListedSecret } from './sweep.ts';
import { parseManagement, type Tags } from './tags.ts';

/** Whether tags say nothing of management: they may have been lost, where those of a secret that was taken out on purpose say so. */
export const isUntagged = (tags: Tags): boolean => tags['rot-provider'] === undefined;

/**
 * The secrets that are managed, or were when anybody last looked and have lost the tags since. What is gone, or was taken out, is not.
 *
 * @param known Names in lower case.
 * @returns Names in lower case, in order.
 */
export const stillManaged = (secrets: readonly ListedSecret[], known: ReadonlySet<string>): string[] =>
  secrets
    .filter(({ name }) => !isEscrowName(name))
    .map(({ name, tags }) => ({ name: name.toLowerCase(), tags }))
    .filter(({ name, tags }) => parseManagement(tags).status === 'managed' || (isUntagged(tags) && known.has(name)))
    .map(({ name }) => name)
    .sort();
