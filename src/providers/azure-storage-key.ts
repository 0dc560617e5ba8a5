import type { Sensitive } from '../domain/rotation/sensitive.ts';
import { extractValue, FormatError, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import {
  type AccountId,
  type AccountKeys,
  ArmError,
  KEY_NAMES,
  type KeyName,
  markOf,
  parseAccountId,
  storageAccount,
} from './azure/storage-account.ts';
import { ConfigFailure, type Failure, type ProviderContext, type ReadableProvider } from './contract.ts';

/** `principal`: the key that is published where nothing else tells. */
type StorageKeySpec = Readonly<{ id: AccountId; principal: KeyName; format: ValueFormat }>;

/** A regenerated key may take this long until nothing can change any more. */
const APPLY_WINDOW_MS = 60_000;

/** The data plane did not take a key. `code`: ours. */
class DataPlaneError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`the data plane failed: ${failure.code}`);
    this.failure = failure;
  }
}

/**
 * The access keys of an Azure Storage account: the one that is not published is regenerated, seen to work on the data plane, and published;
 * the other stays valid until the next rotation, because every SAS signed with it ends with it (`retire=on-grace` ends it after the grace).
 *
 * The tag `rot-target` is the account's resource id, `rot-principal` the name of the key that is published at first (`key1` without it).
 * The identity of the rotate duty needs "Storage Account Key Operator Service Role". Prefer Microsoft Entra ID to keys where you can.
 *
 * @see https://learn.microsoft.com/rest/api/storagerp/storage-accounts/regenerate-key
 */
export const azureStorageKey: ReadableProvider<StorageKeySpec> = {
  id: 'azure-storage-key',
  capabilities: {
    strategies: ['keypair'],
    origin: 'target-readable',
    probes: ['metadata'],
    targetLock: 'none',
    applyWindowMs: APPLY_WINDOW_MS,
  },

  parse({ target, principal, admin, policy }) {
    const id = parseAccountId(target);
    if (!id)
      throw new ConfigFailure(
        'rot-target is no resource id of a storage account',
        'Copy it: az storage account show --name <account> --query id --output tsv',
      );
    const key = KEY_NAMES.find((name) => name === (principal || 'key1').toLowerCase());
    if (!key) throw new ConfigFailure(`rot-principal must be one of ${KEY_NAMES.join(', ')}`, 'Name the key that the secret holds now.');
    if (admin !== '' && admin !== 'mi')
      throw new ConfigFailure('rot-admin must be mi', "Keys are regenerated with the app's own identity; remove the tag, or write mi.");
    if (policy.strategy !== 'auto' && policy.strategy !== 'keypair')
      throw new ConfigFailure(`strategy=${policy.strategy} in rot-policy is none of storage keys`, 'Leave it out, or write keypair.');
    return { id, principal: key, format: policy.format };
  },

  async preflight(context, spec) {
    const keys = await keysOf(context, spec);
    const both = KEY_NAMES.every((name) => keys[name] !== undefined);
    return [{ check: 'the account has both keys', ok: both, hint: 'Shared key access may be switched off for the account.' }];
  },

  async choose(context, spec, current, { strategy, base }) {
    const published = nameOf(await keysOf(context, spec), current.value) ?? keyName(current.slot) ?? spec.principal;
    return { strategy, base, slot: published === 'key1' ? 'key2' : 'key1' };
  },

  probe: async (context, spec, { value }) => (nameOf(await keysOf(context, spec), value) ? 'live' : 'not-live'),

  async read(context, spec, slot) {
    const value = (await keysOf(context, spec))[keyName(slot) ?? spec.principal];
    if (!value) throw new ConfigFailure(`the account has no ${slot}`, 'Shared key access may be switched off for the account.');
    return { value, mark: markOf(value) };
  },
  regenerate: async (context, { id }, slot) =>
    (await storageAccount(context.azure, id, context.signal)).regenerate(keyName(slot) ?? fail(`there is no key named ${slot}`)),
  poll: async (context, { id }, operation) => (await storageAccount(context.azure, id, context.signal)).poll(operation),

  verify: async (context, { id }, { value }) => {
    const endpoint = await (await storageAccount(context.azure, id, context.signal)).blobEndpoint();
    await useKey(endpoint, id.account, value, context.signal);
  },
  render: ({ format }, { value }, previous) => renderValue(format, value, previous),
  extract: ({ format }, stored) => extractValue(format, stored),

  async retire(context, spec, old, keep) {
    if (keep.some(({ value }) => value.equals(old.value)))
      throw new ConfigFailure('the key to retire is the one in use', 'Look at the versions of the secret: two have the same value.');
    await replaceIfThere(context, spec, old.value);
  },
  async discard(context, spec, { value }, keep) {
    if (!keep.some((kept) => kept.value.equals(value))) await replaceIfThere(context, spec, value);
  },

  classify(thrown) {
    if (thrown instanceof ArmError || thrown instanceof DataPlaneError) return thrown.failure;
    if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: thrown.hint };
    if (thrown instanceof FormatError)
      return { kind: 'config', code: 'Format', hint: 'Compare the value with format in the tag rot-policy.' };
    return { kind: 'transient', code: 'Unexpected' };
  },
};

const keysOf = async ({ azure, signal }: ProviderContext, { id }: StorageKeySpec): Promise<AccountKeys> =>
  (await storageAccount(azure, id, signal)).keys();

const keyName = (slot: string): KeyName | undefined => KEY_NAMES.find((name) => name === slot.toLowerCase());
/** Which key has this value. The account tells, not the tags. */
const nameOf = (keys: AccountKeys, value: Sensitive): KeyName | undefined => KEY_NAMES.find((name) => keys[name]?.equals(value));

/** A key that holds the value gets another; where none does, the value has ended already. */
async function replaceIfThere(context: ProviderContext, spec: StorageKeySpec, value: Sensitive): Promise<void> {
  const name = nameOf(await keysOf(context, spec), value);
  if (name) await (await storageAccount(context.azure, spec.id, context.signal)).regenerate(name);
}

const NO_KEYS =
  'Shared key access is switched off for the account, so its keys are of no use: use Microsoft Entra ID, and unmanage the secret.';

/** Does with a key what every application does: a signed request, read only. */
async function useKey(endpoint: string, account: string, key: Sensitive, signal: AbortSignal): Promise<void> {
  const { BlobServiceClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
  const credential = key.use((plain) => new StorageSharedKeyCredential(account, plain));
  try {
    await new BlobServiceClient(endpoint, credential, { retryOptions: { maxTries: 1 } }).getProperties({ abortSignal: signal });
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    if (code === 'KeyBasedAuthenticationNotPermitted') throw new DataPlaneError({ kind: 'config', code, hint: NO_KEYS });
    // A new key needs up to a minute until all servers know it. A firewall that keeps the app out says the same.
    throw new DataPlaneError({ kind: 'transient', code: statusCode === undefined ? 'NoAnswer' : `DataPlaneStatus${statusCode}` });
  }
}

function fail(message: string): never {
  throw new ConfigFailure(message, 'Compare the tag rot-slot with the names of the keys.');
}
