import type { Container } from '../../clients/azure-container.ts';
import { type Check, finding, ok } from '../../domain/doctor/check.ts';
import { storageRefused } from '../../domain/problems.ts';
import { attempt } from './attempt.ts';

/** Whether a container is there and can be asked, as whoever runs this; the HSM's own right to write there is for its pre-backup check. */
export const checkContainer = ({ url, exists }: Container): Promise<readonly Check[]> =>
  attempt('container', url, async () => {
    const what = { check: 'container', subject: url } as const;
    if (await exists()) return [ok(what, 'is there')];
    const { message } = storageRefused(url, { kind: 'missing', code: 'ContainerNotFound', detail: '' });
    return [finding(what, { message, hint: 'hsmkeep setup --apply makes it; an immutable copy’s container comes from infra/.' })];
  });
