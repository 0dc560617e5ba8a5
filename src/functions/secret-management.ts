import * as z from 'zod';
import { chooseProvider, contextOf, guarded, publishedOf } from '../activities/secret-work.ts';
import { RefusedError } from '../clients/errors.ts';
import type { SecretRef } from '../clients/vault-secret.ts';
import { secretDisabled, secretGone } from '../domain/rotation/problems.ts';
import type { SecretState } from '../domain/rotation/secret-view.ts';
import { type Tags, tagMistakes, tagsForVersion, UNMANAGED } from '../domain/rotation/tags.ts';
import { expiryFor } from '../domain/rotation/times.ts';
import type { PreflightCheck } from '../providers/contract.ts';
import { defineRoute, type Tools } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';
import { viewOne } from './secret-mend.ts';

const tag = z.string().max(256).optional();
const body = z.strictObject({
  provider: z.string().min(1).max(256),
  target: tag.describe('Resource id or URL, without credentials'),
  principal: tag.describe('The account on the target'),
  admin: tag.describe('mi, self, or vault/name of the secret with the right to change it'),
  policy: tag.describe('Such as every=60d;grace=7d'),
  notify: tag,
  dryRun: z.boolean().default(false).describe('Check only'),
});

export const secretManagement = defineRoute({
  name: 'secretManagement',
  route: 'secrets/{vault}/{name}/management',
  duties: ['rotate'],
  methods: {
    PUT: {
      role: 'administrator',
      summary:
        'Has a secret rotated from now on: checks its target, sees that the current value works there, sets the tags. Rotates nothing',
      body,
      answers: {
        200: { description: 'What was checked; `managed` is false after a dry run', schema: schemas.secretManagement },
        409: { description: 'A check failed, and nothing was changed', schema: schemas.problem },
      },
      async handle({ params, body: input }, tools) {
        const vault = tools.clients.vaultConfig(params['vault'] ?? '');
        const { dryRun, ...wanted } = input as z.output<typeof body>;
        const ref = { vault: vault.name, name: params['name'] ?? '' };
        const result = await asConflict(() => manage(tools, ref, configTags(wanted), dryRun));
        return { jsonBody: result };
      },
    },
    DELETE: {
      role: 'administrator',
      summary: 'Has a secret rotated no more; its value, versions and other tags stay',
      query: { force: 'true: even while a rotation of it is under way or its old credential still works; both stay as they are' },
      answers: {
        200: { description: 'Not managed any more', schema: schemas.secretUnmanaged },
        409: { description: 'A rotation of it is not at its end', schema: schemas.problem },
      },
      async handle({ params, query }, tools) {
        const vault = tools.clients.vaultConfig(params['vault'] ?? '');
        const ref = { vault: vault.name, name: params['name'] ?? '' };
        return { jsonBody: await unmanage(tools, ref, query.get('force') === 'true') };
      },
    },
  },
});

/** What is left of a rotation when a secret is taken out of hsmkeep's hands would be looked after by nobody. */
const UNFINISHED: Readonly<Partial<Record<SecretState, string>>> = {
  rotating: 'a rotation of it is under way, or was broken off',
  'in-grace': 'its old credential still works, and nobody would take it away',
  retiring: 'its old credential still works, and nobody would take it away',
};

async function unmanage(tools: Tools, ref: SecretRef, force: boolean): Promise<Readonly<{ managed: false; tags: Tags }>> {
  const vault = tools.clients.vault(ref.vault);
  const reading = await vault.read(ref.name);
  if (reading.status === 'missing') throw new HttpProblem(404, secretGone(ref.vault, ref.name));
  if (reading.status === 'disabled') throw new HttpProblem(409, secretDisabled(ref.vault, ref.name));

  const { state } = await viewOne(tools, ref);
  const why = UNFINISHED[state];
  if (why !== undefined && !force)
    throw new HttpProblem(409, {
      message: `${ref.vault}/${ref.name} is still managed: ${why}.`,
      hint: 'Let it end (hsmkeep secret resume), or insist with force=true (--force); then see to the rest yourself.',
    });
  // Said outright: a tag that is only absent may have been lost.
  const tags = { ...reading.facts.tags, 'rot-provider': UNMANAGED };
  await vault.update(ref.name, reading.facts.version, { tags });
  return { managed: false, tags };
}

const configTags = (wanted: Readonly<Record<string, string | undefined>>): Tags =>
  Object.fromEntries(Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [[`rot-${name}`, value]])));

type Managed = Readonly<{ managed: boolean; checks: readonly PreflightCheck[]; tags: Tags; expiresAt: string }>;

async function manage({ clients }: Tools, ref: SecretRef, wanted: Tags, dryRun: boolean): Promise<Managed> {
  const vault = clients.vault(ref.vault);
  const reading = await vault.read(ref.name);
  if (reading.status === 'missing') throw new HttpProblem(404, secretGone(ref.vault, ref.name));
  if (reading.status === 'disabled') throw new HttpProblem(409, secretDisabled(ref.vault, ref.name));

  const { facts, value } = reading;
  const tags = { ...facts.tags, ...wanted };
  const { management, provider, spec } = chooseProvider(clients, ref, tags);
  // There must be room for the marks of the first rotation, too.
  const mistakes = tagMistakes(tagsForVersion(tags, { rotationId: '', base: '', slot: '', graceUntil: '' }));

  const checks = await guarded(provider, ref, async (): Promise<PreflightCheck[]> => {
    const slot = facts.tags['rot-slot'] ?? management.principal;
    const source = { clients, ref, management, provider, spec, current: { facts, value, slot } };
    const context = contextOf(source, '');
    const found = await provider.preflight(context, spec);
    const liveness = await provider.probe(context, spec, publishedOf(source));
    const works = { check: 'the current value works on the target', ok: liveness === 'live', hint: `the target says: ${liveness}` };
    return [{ check: 'the tags fit', ok: mistakes.length === 0, hint: mistakes.join('; ') }, ...found, works];
  });
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    const told = failed.map(({ check, hint }) => (hint ? `${check} (${hint})` : check)).join('; ');
    throw new HttpProblem(409, {
      message: `Not managed, because this does not hold: ${told}.`,
      hint: 'Mend it and ask again. Nothing was changed.',
    });
  }

  const expiresAt = expiryFor(ref.name, facts.createdAt, management.policy);
  if (!dryRun) await vault.update(ref.name, facts.version, { tags, expiresAt });
  return { managed: !dryRun, checks: checks.map(({ check, ok }) => ({ check, ok })), tags, expiresAt };
}

/** What a person can mend is no fault of the app's surroundings. */
async function asConflict<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedError && error.refusal.code === 'Rotation') throw new HttpProblem(409, error.problem);
    throw error;
  }
}
