import { createHash } from 'node:crypto';
import { DAY_MS } from '../domain/rotation/duration.ts';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import { NEAR_EXPIRY_MS } from '../domain/rotation/times.ts';
import { extractValue, FormatError, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import { type AppPassword, type EntraApplication, entraApplication, GraphError } from './azure/entra-application.ts';
import { ConfigFailure, type Held, type IssuingProvider, NotOursError, type ProviderContext } from './contract.ts';

type EntraAppSpec = Readonly<{ objectId: string; format: ValueFormat }>;

const MARK = 'rot:';
const TARGET = /^\/applications\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
/** Longer than any server of the token endpoint was seen to need for a new secret. */
const YOUNG_MS = 600_000;

/**
 * Client secrets of an application registration in Microsoft Entra ID: another is added, seen to work three times in a row, published, and
 * the old one removed after the grace. Only secrets that hsmkeep made for this very vault secret are ever removed.
 *
 * The tag `rot-target` is `/applications/<object id>`. The identity of the rotate duty needs the Graph permission
 * `Application.ReadWrite.OwnedBy` and to be an owner of the application.
 *
 * @see https://learn.microsoft.com/graph/api/application-addpassword
 */
export const entraApp: IssuingProvider<EntraAppSpec> = {
  id: 'entra-app',
  capabilities: {
    strategies: ['issued'],
    origin: 'target',
    probes: ['login'],
    targetLock: 'none',
    applyWindowMs: 60_000,
    // A new secret works on some servers seconds before it does on others.
    settling: { successes: 3, pauseMs: 15_000 },
  },

  parse({ target, principal, admin, policy }) {
    const objectId = TARGET.exec(target)?.[1]?.toLowerCase();
    if (!objectId)
      throw new ConfigFailure(
        'rot-target is not /applications/<object id>',
        'The object id is not the client id: az ad app show --id <client id> --query id --output tsv',
      );
    if (principal !== '' && principal.toLowerCase() !== objectId)
      throw new ConfigFailure(
        'rot-principal is another application than rot-target',
        'Remove the tag rot-principal: rot-target says it all.',
      );
    if (admin !== '' && admin !== 'mi')
      throw new ConfigFailure('rot-admin must be mi', "Secrets are made with the app's own identity; remove the tag, or write mi.");
    if (policy.strategy !== 'auto' && policy.strategy !== 'issued')
      throw new ConfigFailure(`strategy=${policy.strategy} in rot-policy is none of applications`, 'Leave it out, or write issued.');
    return { objectId, format: policy.format };
  },

  async preflight(context, spec) {
    const application = await open(context, spec);
    const { appId } = await application.read();
    return [
      { check: 'the application can be read', ok: appId !== '' },
      {
        check: "it is not hsmkeep's own",
        ok: (await application.ownAppId()) !== appId,
        hint: 'An app that rotates its own secret can lock itself out: give it a managed identity.',
      },
    ];
  },
  choose: async (_context, _spec, _current, { strategy, base }) => ({ strategy, base, slot: '' }),

  async issue(context, spec) {
    const { policy } = context.management;
    const endDateTime = new Date(context.now() + policy.everyMs + NEAR_EXPIRY_MS + policy.graceMs + DAY_MS).toISOString();
    const { keyId, value } = await (await open(context, spec)).addPassword(markOf(context), endDateTime);
    return { rotationId: context.rotationId, slot: keyId, value };
  },
  async listIssued(context, spec, keep) {
    const { passwords } = await (await open(context, spec)).read();
    return passwords.filter((password) => isOurs(context, password) && !isKept(passwords, password, keep)).map(({ keyId }) => keyId);
  },
  revoke: async (context, spec, id) => (await open(context, spec)).removePassword(id),

  async probe(context, spec, { slot, value }) {
    const application = await open(context, spec);
    const { appId, passwords } = await application.read();
    const signIn = await application.signIn(appId, value);
    if (signIn === 'accepted') return 'live';
    if (signIn === 'unclear') return 'unknown';
    const listed = passwords.find(({ keyId, hint }) => keyId === slot && startsWith(value, hint));
    const isYoung = listed !== undefined && context.now() - listed.startsAt < YOUNG_MS;
    return signIn === 'refused' && isYoung ? 'unknown' : 'not-live';
  },
  async verify(context, spec, { value }) {
    const application = await open(context, spec);
    const { appId } = await application.read();
    if ((await application.signIn(appId, value)) !== 'accepted') throw new GraphError({ kind: 'transient', code: 'NotAcceptedYet' });
  },
  render: ({ format }, { value }, previous) => renderValue(format, value, previous),
  extract: ({ format }, stored) => extractValue(format, stored),

  async retire(context, spec, old, keep) {
    if (keep.some(({ value, slot }) => value.equals(old.value) || (slot !== '' && slot === old.slot)))
      throw new ConfigFailure('the secret to retire is the one in use', 'Look at the versions of the secret: two have the same value.');
    const application = await open(context, spec);
    const read = await application.read();
    const found = read.passwords.find(({ keyId }) => keyId === old.slot) ?? guess(read, old, keep);
    if (!found) return;
    if (isOurs(context, found)) return application.removePassword(found.keyId);
    if ((await application.signIn(read.appId, old.value)) === 'accepted') throw notOurs(context, read.appId, found);
  },
  async discard(context, spec, { slot, value }, keep) {
    const application = await open(context, spec);
    const { passwords } = await application.read();
    const found = passwords.find(({ keyId }) => keyId === slot);
    const isPublished = keep.some((kept) => kept.value.equals(value) || kept.slot === slot);
    if (found && !isPublished && isOurs(context, found)) await application.removePassword(found.keyId);
  },

  classify(thrown) {
    if (thrown instanceof GraphError) return thrown.failure;
    if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: thrown.hint };
    if (thrown instanceof FormatError)
      return { kind: 'config', code: 'Format', hint: 'Compare the value with format in the tag rot-policy.' };
    return { kind: 'transient', code: 'Unexpected' };
  },
};

const open = ({ azure, signal }: ProviderContext, { objectId }: EntraAppSpec) => entraApplication(azure, objectId, signal);

/** Two vault secrets may be of one application: each tells its own by this. */
const ownerOf = ({ secret }: ProviderContext): string =>
  createHash('sha256').update(`${secret.vault}/${secret.name}`.toLowerCase()).digest('hex').slice(0, 16);
const markOf = (context: ProviderContext): string => `${MARK}${context.rotationId}:${ownerOf(context)}`;
const isOurs = (context: ProviderContext, { displayName }: AppPassword): boolean =>
  displayName.startsWith(MARK) && displayName.endsWith(`:${ownerOf(context)}`);

const startsWith = (value: Sensitive, hint: string): boolean => hint !== '' && value.use((plain) => plain.startsWith(hint));

/** Where a version has lost the id of its secret, whatever might be it by its first letters is kept. */
const isKept = (all: readonly AppPassword[], { keyId, hint }: AppPassword, keep: readonly Held[]): boolean =>
  keep.some(({ slot, value }) => slot === keyId || (!all.some((one) => one.keyId === slot) && startsWith(value, hint)));

/** The secret of which only the value is known, as the first one is. */
const guess = ({ passwords }: EntraApplication, old: Held, keep: readonly Held[]): AppPassword | undefined =>
  passwords.find(({ keyId, hint }) => startsWith(old.value, hint) && !keep.some(({ slot }) => slot === keyId));

const notOurs = ({ secret }: ProviderContext, appId: string, { keyId }: AppPassword): NotOursError =>
  new NotOursError({
    message: `The value that ${secret.vault}/${secret.name} had before is not hsmkeep's, was therefore not removed, and still works.`,
    hint: `When nothing uses it any more: az ad app credential delete --id ${appId} --key-id ${keyId}`,
  });
