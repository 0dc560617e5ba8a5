import { type Arm, azureArm } from '../../clients/arm.ts';
import { vaultProtection } from '../../clients/azure-vault-probe.ts';
import type { VaultConfig } from '../../config/config.ts';
import { type Check, type CheckName, finding, ok, unknown } from '../../domain/doctor/check.ts';
import { checkProtection } from '../../domain/doctor/protection.ts';
import { checkEscrowReaders, checkVaultRights } from '../../domain/doctor/vault-rights.ts';
import type { Fleet } from '../fleet.ts';
import { attempt } from './attempt.ts';
import { readVaultRoles } from './vault-roles.ts';

const TOPICS = '2025-02-15';
const RESOURCES = '2021-04-01';
const NEAR_EXPIRY = 'Microsoft.KeyVault.SecretNearExpiry';

/** Everything about one vault, as whoever runs this may see it. */
export async function checkVault(fleet: Fleet, vault: VaultConfig, wants: (check: CheckName) => boolean): Promise<Check[]> {
  const { config, access } = fleet;
  const { name, url } = vault;
  const arm = azureArm(config.endpoints.arm, access);
  const rotates = (check: CheckName) => vault.rotation === 'on' && wants(check);
  const checks = [
    ...(await attempt('reachable', name, async () => [
      ok({ check: 'reachable', subject: name }, `answers at ${url}`),
      ...checkProtection(name, await vaultProtection(name, url, access), false),
    ])),
    ...(rotates('rights') ? await attempt('rights', name, () => rights(arm, fleet, vault)) : []),
    ...(rotates('escrow') ? await attempt('escrow', name, () => escrow(arm, fleet, vault)) : []),
    ...(rotates('near-expiry events') ? await attempt('near-expiry events', name, () => nearExpiry(arm, vault)) : []),
  ];
  return checks.filter(({ check }) => wants(check));
}

const NAME_TOPIC = 'Name the system topic of the vault as "topic": its subscription is looked through.';

/** Whether the rotate duty may do in the vault what rotations do. */
async function rights(arm: Arm, { principals }: Fleet, { name, topic }: VaultConfig): Promise<Check[]> {
  const what = { check: 'rights', subject: name } as const;
  if (principals.rotate === undefined)
    return [unknown(what, 'the identity of the rotate duty is not named', 'Name its object id: --identity rotate=<object id>')];
  if (topic === undefined) return [unknown(what, 'which resource the vault is, is not known', NAME_TOPIC)];
  const found = await arm.get<{ properties?: { source?: string } }>(topic, TOPICS);
  const id = found?.properties?.source;
  if (id === undefined)
    return [finding(what, { message: `there is no system topic ${topic}`, hint: 'Correct "topic" in the configuration.' })];
  return checkVaultRights(name, await readVaultRoles(arm, id), principals.rotate);
}

/** Who could read values on their way, and whether their vault answers. */
async function escrow(arm: Arm, { access, principals }: Fleet, { name, url, topic, escrowVault }: VaultConfig): Promise<Check[]> {
  const what = { check: 'escrow', subject: name } as const;
  if (escrowVault === undefined || escrowVault === url)
    return [
      finding(what, {
        message: 'new values lie in the vault itself until they are in use: everybody who may read its secrets can read them',
        hint: 'Name a vault as "escrowVault" whose only reader is the identity of the rotate duty.',
      }),
    ];
  const escrowName = new URL(escrowVault).hostname.split('.')[0] ?? '';
  await vaultProtection(escrowName, escrowVault, access);
  const id = topic && (await vaultId(arm, topic, escrowName));
  if (!id) return [unknown(what, `who may read ${escrowName} is not known`, NAME_TOPIC)];
  return [checkEscrowReaders(name, escrowName, await readVaultRoles(arm, id), principals.rotate)];
}

async function vaultId(arm: Arm, topic: string, name: string): Promise<string | undefined> {
  const [, subscription] = /^\/subscriptions\/([^/]+)/.exec(topic) ?? [];
  const filter = `&$filter=${encodeURIComponent(`resourceType eq 'Microsoft.KeyVault/vaults' and name eq '${name}'`)}`;
  const found = await arm.list<{ id: string }>(`/subscriptions/${subscription}/resources`, RESOURCES, filter);
  return found[0]?.id;
}

type Subscription = Readonly<{
  name: string;
  properties?: Readonly<{ provisioningState?: string; filter?: Readonly<{ includedEventTypes?: readonly string[] | null }> }>;
}>;

/** Whether somebody is told when secrets near their expiry; the hourly sweep finds them without, later. */
async function nearExpiry(arm: Arm, { name, topic }: VaultConfig): Promise<Check[]> {
  const what = { check: 'near-expiry events', subject: name } as const;
  if (topic === undefined)
    return [
      unknown(what, 'no system topic is configured; the hourly sweep alone finds what is due', 'Name the topic of the vault as "topic".'),
    ];
  const subscriptions = await arm.list<Subscription>(`${topic}/eventSubscriptions`, TOPICS);
  const found = subscriptions.find(({ properties }) => properties?.filter?.includedEventTypes?.includes(NEAR_EXPIRY) ?? true);
  if (found) return [ok(what, `${found.name} tells of them`)];
  return [
    finding(what, {
      message: `no subscription of ${topic} tells of secrets that near their expiry`,
      hint: 'Deploy infra/events.bicep after the code is there; until then the hourly sweep finds what is due.',
    }),
  ];
}
