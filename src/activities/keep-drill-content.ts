import type { ContentDocument } from '../domain/restore/content.ts';
import { beforePath } from '../domain/restore/plan.ts';
import type { ApprovedRestore } from './check-restore-approval.ts';
import { defineActivity } from './define-activity.ts';
import { requireDrill } from './drill-clients.ts';
import { readRestoreContent } from './read-restore-content.ts';

const BUDGET_MS = 180_000;

/**
 * Keeps what a drill HSM holds right before it is restored into, so that it can be told afterwards what a restore did whose answer was lost.
 * Idempotent: what the first call kept stands.
 */
export const keepDrillContent = defineActivity(
  'keepDrillContent',
  ['restore'],
  (clients) =>
    async ({ id, source, folder, scope }: ApprovedRestore): Promise<null> => {
      const { target } = requireDrill(clients, source);
      const { content } = await readRestoreContent(clients.hsm(target.name), scope, BUDGET_MS);
      const before: ContentDocument = { schema: 'hsmkeep.inventory/1', hsm: target.name, folder, parts: content, uncertain: [] };
      await clients.documents.write(beforePath(id), JSON.stringify(before), { ifAbsent: true });
      return null;
    },
);
