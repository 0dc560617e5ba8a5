import type { Clients } from '../clients/clients.ts';
import { readDispatch } from '../clients/dispatch.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { lastResults } from '../clients/runs.ts';
import { listVault, readHistory } from '../clients/vault-secret.ts';
import type { VaultConfig } from '../config/config.ts';
import { heldBack } from '../domain/rotation/dispatch.ts';
import { secretGone, targetHeldBack } from '../domain/rotation/problems.ts';
import { type SecretView, type VaultProblem, viewSecrets, withLastResults } from '../domain/rotation/secret-view.ts';
import { subjectOf } from '../domain/rotation/subject.ts';
import { defineRoute, type Tools } from './define-route.ts';
import { pageOf } from './paging.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';

export const secrets = defineRoute({
  name: 'secrets',
  route: 'secrets',
  duties: ['rotate'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'The secrets of all configured vaults, managed or not, and how they stand; never a value',
      query: { vault: 'Only those of this vault', top: 'How many at most (100)', skip: 'How many to leave out' },
      answers: {
        200: {
          description:
            'The secrets; `problems` names vaults that could not be listed, and targets on which nothing is begun because too much failed there',
          schema: schemas.secretList,
        },
      },
      async handle({ query, url }, tools) {
        const wanted = query.get('vault');
        const vaults = wanted === null ? tools.clients.config.vaults : [tools.clients.vaultConfig(wanted)];
        const listed = await Promise.all(vaults.map((vault) => viewVault(tools, vault)));
        const page = pageOf(
          listed.flatMap(({ views }) => views),
          url,
        );
        const value = await addLastResults(tools, page.value);
        return { jsonBody: { ...page, value, problems: listed.flatMap(({ problems }) => problems) } };
      },
    },
  },
});

export const secret = defineRoute({
  name: 'secret',
  route: 'secrets/{vault}/{name}',
  duties: ['rotate'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'One secret with its versions; never a value',
      answers: { 200: { description: 'The secret', schema: schemas.secretDetail } },
      async handle({ params }, tools) {
        const { clients, now } = tools;
        const vault = clients.vaultConfig(params['vault'] ?? '');
        const name = params['name'] ?? '';
        const history = /^[0-9a-zA-Z-]{1,127}$/.test(name) ? await readHistory(clients, { vault: vault.name, name }) : undefined;
        const [newest] = history?.versions ?? [];
        const [view] = newest ? viewSecrets(vault, [newest], history?.escrow ?? [], now) : [];
        if (!history || !view) throw new HttpProblem(404, secretGone(vault.name, name));
        const versions = history.versions.map(({ version, createdAt, expiresAt, enabled, tags }) => ({
          version,
          createdAt,
          expiresAt,
          enabled,
          rotationId: tags['rot-id'] ?? null,
        }));
        const [secret = view] = await addLastResults(tools, [view]);
        return { jsonBody: { secret, tags: newest?.tags ?? {}, versions } };
      },
    },
  },
});

/** A vault that cannot be listed tells so and hides none of the others. */
async function viewVault(
  { clients, now }: Pick<Tools, 'clients' | 'now'>,
  vault: VaultConfig,
): Promise<Readonly<{ views: readonly SecretView[]; problems: readonly VaultProblem[] }>> {
  try {
    const { secrets: found, escrow } = await listVault(clients, vault.name);
    const problems = await heldBackIn(clients, vault.name, now);
    return { views: viewSecrets(vault, found, escrow, now), problems };
  } catch (error) {
    if (error instanceof RefusedError) return { views: [], problems: [{ vault: vault.name, problem: error.problem }] };
    if (!(error instanceof TransientError)) throw error;
    const problem = { message: `Its secrets could not be listed: ${error.message}.`, hint: 'Try again in a moment.' };
    return { views: [], problems: [{ vault: vault.name, problem }] };
  }
}

/** Looks back as far as a run on one of the secrets may lie: not before its current version. */
async function addLastResults({ clients, now }: Pick<Tools, 'clients' | 'now'>, views: readonly SecretView[]): Promise<SecretView[]> {
  const monthOf = (at: string): string => at.slice(0, 'yyyy-MM'.length);
  const vaults = [...new Set(views.map(({ vault }) => vault))];
  const found = await Promise.all(
    vaults.map((vault) => {
      const managed = views.filter((view) => view.vault === vault && view.state !== 'unmanaged');
      const wanted = new Set(managed.map(({ name }) => subjectOf(vault, name)));
      const since = managed.map(({ createdAt }) => monthOf(createdAt)).reduce((a, b) => (a < b ? a : b), monthOf(now));
      return lastResults(clients.documents, vault, wanted, since, monthOf(now));
    }),
  );
  return withLastResults(views, new Map(found.flatMap((results) => [...results])));
}

/** Targets on which nothing is begun at present, because too much failed there. */
async function heldBackIn({ documents }: Clients, vault: string, now: string): Promise<VaultProblem[]> {
  const health = await readDispatch(documents, vault);
  return heldBack(health, now).map((target) => ({ vault, problem: targetHeldBack(target, health[target]?.openUntil ?? null) }));
}
