import type { FullOperationResponse } from '@azure/core-client';
import type { KeyClient } from '@azure/keyvault-keys';
import type { KeyVaultAccessControlClient, KeyVaultBackupClient, KeyVaultSettingsClient } from '#keyvault-admin';
import { OperatorError } from '../domain/errors.ts';
import type { JobCheck, JobKind, JobStart } from '../domain/job.ts';
import { hsmRefused } from '../domain/problems.ts';
import { redact } from '../domain/redact.ts';
import { type Access, readingOptions } from './access.ts';
import { azureCanaryKeys, unlessMissing } from './azure-canary-keys.ts';
import { callerId } from './caller-id.ts';
import { RefusedError, TransientError } from './errors.ts';
import type { BackupTarget, KeyFacts, ManagedHsm } from './managed-hsm.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';

const START_DEADLINE_MS = 60_000;
const POLL_DEADLINE_MS = 10_000;
const READ_DEADLINE_MS = 20_000;
const LIST_DEADLINE_MS = 120_000;
const VERSIONS_AT_ONCE = 8;

/** Reads a secret's value, for the one call that needs it. */
export type ReadSecret = (reference: string) => Promise<string>;

type Poller = Awaited<ReturnType<KeyVaultBackupClient['beginBackup']>> | Awaited<ReturnType<KeyVaultBackupClient['beginRestore']>>;
type SdkClients = Readonly<{
  starter: KeyVaultBackupClient;
  poller: KeyVaultBackupClient;
  access: KeyVaultAccessControlClient;
  settings: KeyVaultSettingsClient;
  keys: KeyClient;
}>;

/**
 * A Managed HSM through the official clients' surface.
 *
 * @param url `https://<hsm>.managedhsm.azure.net`
 */
export function azureManagedHsm(name: string, url: string, access: Access, readSecret: ReadSecret): ManagedHsm {
  const { credential, ca } = access;
  let loaded: Promise<SdkClients> | undefined;
  const clients = () => (loaded ??= loadClients(url, access));

  const start = async (
    kind: JobKind,
    doing: string,
    target: BackupTarget,
    begin: (client: KeyVaultBackupClient, sas: string | undefined, options: StartOptions) => Promise<Poller>,
  ): Promise<JobStart> => {
    const headers: { retryAfterMs: number | null; date: string | null } = { retryAfterMs: null, date: null };
    const onResponse = (response: FullOperationResponse) => {
      headers.retryAfterMs = secondsToMs(response.headers.get('retry-after'));
      headers.date = isoDate(response.headers.get('date'));
    };

    let sas: string | undefined;
    try {
      sas = target.auth === 'managedIdentity' ? undefined : await readSecret(target.auth.sas);
    } catch {
      const refusal = { kind: 'invalid', code: 'SecretUnreadable', detail: 'the secret with the SAS token could not be read' } as const;
      return { status: 'refused', refusal, problem: hsmRefused(name, doing, refusal) };
    }

    try {
      const poller = await begin((await clients()).starter, sas, { onResponse, abortSignal: AbortSignal.timeout(START_DEADLINE_MS) });
      const jobId = poller.getOperationState().jobId ?? '';
      return { status: 'started', job: { kind, jobId, resume: poller.toString() }, ...headers };
    } catch (error) {
      const failure = sortSdkError(error);
      if (!isRefusal(failure)) return { status: 'unknown', detail: `${failure.code}: ${failure.detail}` };
      if (failure.kind === 'conflict') return { status: 'busy', detail: failure.detail };
      if (failure.kind === 'throttled') return { status: 'throttled', detail: failure.detail };
      return { status: 'refused', refusal: failure, problem: hsmRefused(name, doing, failure) };
    }
  };

  const read = async <T>(doing: string, work: (sdk: SdkClients) => Promise<T>): Promise<T> => {
    try {
      return await work(await clients());
    } catch (error) {
      throw translate(name, doing, error);
    }
  };

  return {
    name,

    canary: azureCanaryKeys({
      name,
      url,
      credential,
      options: readingOptions(url, ca),
      read: (doing, work) => read(doing, ({ keys }) => work(keys)),
    }),

    startPreBackup: (target) =>
      start('backup', 'run the pre-backup check', target, (client, sas, options) =>
        sas === undefined ? client.beginPreBackup(target.container, options) : client.beginPreBackup(target.container, sas, options),
      ),

    startBackup: (target) =>
      start('backup', 'start a backup', target, (client, sas, options) =>
        sas === undefined ? client.beginBackup(target.container, options) : client.beginBackup(target.container, sas, options),
      ),

    startPreRestore: (target, folder) =>
      start('restore', 'run the pre-restore check', target, (client, sas, options) => {
        const folderUri = `${target.container}/${folder}`;
        return sas === undefined ? client.beginPreRestore(folderUri, options) : client.beginPreRestore(folderUri, sas, options);
      }),

    startRestore: (target, folder) =>
      start('restore', 'start a restore', target, (client, sas, options) => {
        const folderUri = `${target.container}/${folder}`;
        return sas === undefined ? client.beginRestore(folderUri, options) : client.beginRestore(folderUri, sas, options);
      }),

    startKeyRestore: (target, folder, key) =>
      start('restore', `restore key ${key}`, target, (client, sas, options) => {
        const folderUri = `${target.container}/${folder}`;
        return sas === undefined
          ? client.beginSelectiveKeyRestore(key, folderUri, options)
          : client.beginSelectiveKeyRestore(key, folderUri, sas, options);
      }),

    checkJob: async ({ kind, resume }) => {
      const { poller: client } = await clients();
      const options = { resumeFrom: resume };
      // On resume nothing is started; the address only has to be one.
      const resumed: Poller =
        kind === 'backup' ? await client.beginBackup(url, options) : await client.beginRestore(`${url}/folder`, options);
      try {
        await resumed.poll({ abortSignal: AbortSignal.timeout(POLL_DEADLINE_MS) });
      } catch (error) {
        return jobError(name, error);
      }
      return stateOf(resumed);
    },

    keysExcept: (known, budgetMs) =>
      read('list its keys', async ({ keys }) => {
        const until = Date.now() + budgetMs;
        const names: { name: string; tags: Record<string, string> }[] = [];
        for await (const key of keys.listPropertiesOfKeys({ abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) })) {
          if (!known.has(key.name)) names.push({ name: key.name, tags: key.tags ?? {} });
        }

        const found: KeyFacts[] = [];
        while (names.length > 0 && (found.length === 0 || Date.now() < until)) {
          found.push(...(await Promise.all(names.splice(0, VERSIONS_AT_ONCE).map((key) => withVersions(keys, key)))));
        }
        return { keys: found, complete: names.length === 0 };
      }),

    key: (key) =>
      read('read a key', async ({ keys }) => {
        const found = await unlessMissing(keys.getKey(key, { abortSignal: AbortSignal.timeout(READ_DEADLINE_MS) }));
        return found && withVersions(keys, { name: found.name, tags: found.properties.tags ?? {} });
      }),

    deletedKey: (key) =>
      read('read a deleted key', async ({ keys }) => {
        const found = await unlessMissing(keys.getDeletedKey(key, { abortSignal: AbortSignal.timeout(READ_DEADLINE_MS) }));
        const { deletedOn, scheduledPurgeDate, recoveryLevel } = found?.properties ?? {};
        return (
          found && {
            name: found.name,
            deletedAt: iso(deletedOn),
            purgeAt: iso(scheduledPurgeDate),
            purgeable: /purgeable/i.test(recoveryLevel ?? ''),
          }
        );
      }),

    deletedKeys: () =>
      read('list its deleted keys', async ({ keys }) => {
        const deleted = await collect(keys.listDeletedKeys({ abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) }));
        return deleted.map(({ name, properties }) => ({
          name,
          deletedAt: iso(properties.deletedOn),
          purgeAt: iso(properties.scheduledPurgeDate),
        }));
      }),

    roleDefinitions: () =>
      read('list its role definitions', async ({ access }) => {
        const definitions = await collect(access.listRoleDefinitions('/', { abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) }));
        return definitions.map(({ name, roleName, roleType, permissions }) => ({
          name,
          roleName,
          custom: roleType === 'CustomRole',
          permissions,
        }));
      }),

    roleAssignments: () =>
      read('list its role assignments', async ({ access }) => {
        const assignments = await collect(access.listRoleAssignments('/', { abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) }));
        return assignments.map(({ name, properties }) => ({
          name,
          principalId: properties.principalId,
          roleDefinitionId: properties.roleDefinitionId,
          scope: properties.scope ?? '/',
        }));
      }),

    settings: () =>
      read('read its settings', async ({ settings }) => {
        const listed = await settings.getSettings({ abortSignal: AbortSignal.timeout(READ_DEADLINE_MS) });
        return listed.settings.map((setting) => ({ name: setting.name, value: String(setting.value) }));
      }),

    assignRole: ({ name: id, principalId, roleDefinitionId, scope }) =>
      read('give a role', async ({ access }) => {
        try {
          await access.createRoleAssignment(scope, id, roleDefinitionId, principalId, {
            abortSignal: AbortSignal.timeout(READ_DEADLINE_MS),
          });
        } catch (error) {
          if (codeOf(error) !== 'MatchingRoleAssignmentExists') throw error;
        }
      }),

    callerId: () => read('tell who asks', () => callerId(url, credential, AbortSignal.timeout(READ_DEADLINE_MS))),
  };
}

type StartOptions = Readonly<{ onResponse: (response: FullOperationResponse) => void; abortSignal: AbortSignal }>;

async function loadClients(url: string, { credential, ca }: Access): Promise<SdkClients> {
  const [admin, { KeyClient }] = await Promise.all([import('#keyvault-admin'), import('@azure/keyvault-keys')]);
  const reading = readingOptions(url, ca);
  const starting = { ...reading, retryOptions: { maxRetries: 0 } };
  return {
    starter: new admin.KeyVaultBackupClient(url, credential, starting),
    // A poll that fails is repeated by the orchestration, after a durable wait.
    poller: new admin.KeyVaultBackupClient(url, credential, starting),
    access: new admin.KeyVaultAccessControlClient(url, credential, reading),
    settings: new admin.KeyVaultSettingsClient(url, credential, reading),
    keys: new KeyClient(url, credential, reading),
  };
}

async function withVersions(keys: KeyClient, { name, tags }: Readonly<{ name: string; tags: Record<string, string> }>): Promise<KeyFacts> {
  const versions = await collect(keys.listPropertiesOfKeyVersions(name, { abortSignal: AbortSignal.timeout(LIST_DEADLINE_MS) }));
  return {
    name,
    tags,
    versions: versions
      .map(({ version, enabled, createdOn, updatedOn }) => ({
        version: version ?? '',
        enabled: enabled ?? true,
        createdAt: iso(createdOn),
        updatedAt: iso(updatedOn),
      }))
      .sort((a, b) => a.version.localeCompare(b.version)),
  };
}

const codeOf = (error: unknown): string | undefined =>
  (error as { details?: { error?: { code?: string } } }).details?.error?.code ?? (error as { code?: string }).code;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function stateOf(poller: Poller): JobCheck {
  const state = poller.getOperationState();
  if (!poller.isDone()) return { status: 'running' };
  if (state.error) return failureOf(state.error);
  const result = (state.result ?? poller.getResult()) as { folderUri?: string; startTime?: Date; endTime?: Date } | undefined;
  return {
    status: 'succeeded',
    folder: result?.folderUri?.split('/').pop() ?? null,
    startedAt: iso(state.startTime ?? result?.startTime),
    endedAt: iso(state.endTime ?? result?.endTime),
    detail: redact(state.statusDetails ?? ''),
  };
}

/** A poll that threw: the job failed, its id is not known, or the HSM could not be asked. */
function jobError(name: string, error: unknown): JobCheck {
  const failure = sortSdkError(error);
  const status = (error as { statusCode?: number }).statusCode;
  // No status: the answer came and said that the job failed, or no answer came at all.
  if (status === undefined && /operation has failed|operation was canceled/i.test((error as Error).message))
    return failureOf(error as Error);
  if (failure.kind === 'missing') return { status: 'unknown' };
  // Since 2021 a malformed SAS may show as a 400 of the poll itself.
  if (failure.kind === 'invalid') return { status: 'failed', code: failure.code, detail: failure.detail };
  const translated = translate(name, 'tell the state of its job', error);
  if (translated instanceof TransientError) return { status: 'unanswered', detail: `${failure.code}: ${failure.detail}` };
  throw translated;
}

/** "The long-running operation has failed. <code>. <message>" */
function failureOf(error: Error): JobCheck {
  const [code = 'Failed', ...rest] = error.message.replace(/^The long-running operation has failed\.?\s*/, '').split(/\.\s+/);
  return { status: 'failed', code: redact(code || 'Failed'), detail: redact(rest.join('. ')) };
}

function translate(name: string, doing: string, error: unknown): Error {
  if (error instanceof RefusedError || error instanceof TransientError || error instanceof OperatorError) return error;
  const failure = sortSdkError(error);
  // A restore locks the HSM for a while (409): that passes, as a full queue does.
  if (isRefusal(failure) && failure.kind !== 'throttled' && failure.kind !== 'conflict')
    return new RefusedError(failure, hsmRefused(name, doing, failure));
  return new TransientError(`${name} did not ${doing} (${failure.code}: ${failure.detail})`);
}

const iso = (date: Date | undefined): string | null => date?.toISOString() ?? null;
const isoDate = (text: string | undefined): string | null =>
  text && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : null;
const secondsToMs = (text: string | undefined): number | null => (text && /^\d+$/.test(text) ? Number(text) * 1000 : null);
