import type { InvocationContext } from '@azure/functions';
import { ACTIVITIES, ORCHESTRATORS } from '../../../src/app.ts';
import type { AuditLog } from '../../../src/clients/audit-log.ts';
import type { Clients } from '../../../src/clients/clients.ts';
import { escrowName } from '../../../src/domain/rotation/escrow.ts';
import { closeLostRuns } from '../../../src/functions/lost-runs.ts';
import { secretEvent } from '../../../src/functions/secret-event.ts';
import { startRotation } from '../../../src/functions/secret-runs.ts';
import { tellSecrets } from '../../../src/functions/tell-secrets.ts';
import { type SweepSecretsInput, sweepSecrets } from '../../../src/orchestrators/sweep-secrets.ts';
import { fakeBlobStore } from './fake-blob-store.ts';
import { type Fault, fakeTarget, type TargetKind } from './fake-targets.ts';
import { FakeVault } from './fake-vault.ts';
import { provided } from './provided.ts';
import { TaskHub } from './task-hub.ts';
import { azureFailing, World } from './world.ts';

export const VAULT = 'contoso-kv';
export const SECRET = 'db-password';
const ENTRY = escrowName(VAULT, SECRET, true);
const DAY_MS = 86_400_000;
export const GRACE_MS = 7 * DAY_MS;

/** Tags of the secret's owner, and how it is rotated. */
const TAGS = { owner: 'team', cost: '4711', 'rot-provider': 'fake', 'rot-target': 'fake://target', 'rot-policy': 'every=60d;grace=7d' };

/** `keepsOld`: the old credential ends with the next rotation, not with its grace, as the keys of storage accounts do. */
export type StageOptions = Readonly<{ kind: TargetKind; lock: boolean; fault?: Fault | undefined; keepsOld?: boolean }>;
export type Stage = ReturnType<typeof setStage>;

/** One secret that is due, its vaults, its target and an app that looks after it: everything outside the app is pretended, and nothing of the app. */
export function setStage({ kind, lock, fault, keepsOld = false }: StageOptions) {
  const world = new World('2026-01-01T00:00:00.400Z');
  provided.world = world;
  const [vault, escrow] = [new FakeVault(world, VAULT), new FakeVault(world, 'contoso-escrow')];
  const documents = fakeBlobStore(world);
  const audited: string[] = [];
  const audit: AuditLog = {
    append: (lines) => world.request('audit: append', () => void audited.push(...lines), azureFailing('audit')),
    read: () => {
      throw new Error('a rotation has no use for this');
    },
  };
  const first = world.newValue('first');
  const target = fakeTarget(world, kind, lock, first, fault);
  provided.provider = target.provider;
  const initial = vault.put(SECRET, {
    value: first,
    tags: keepsOld ? { ...TAGS, 'rot-policy': `${TAGS['rot-policy']};retire=at-next` } : TAGS,
  });
  world.advance(61 * DAY_MS);

  const vaultConfig = {
    name: VAULT,
    url: vault.url,
    escrowVault: escrow.url,
    rotation: 'on' as const,
    targets: ['fake://target'],
    checkDays: 7,
  };
  const clients = {
    config: { hsms: [], vaults: [vaultConfig], notify: [] },
    duties: ['rotate'],
    vaultConfig: () => vaultConfig,
    vault: () => vault,
    escrow: () => escrow,
    documents,
    locks: documents,
    audit,
  } as unknown as Clients;
  const hub = new TaskHub(world, ORCHESTRATORS, new Map(ACTIVITIES.map((activity) => [activity.name, activity.create(clients)])) as never);
  const log = { info() {}, warn() {}, error() {} } as unknown as InvocationContext;

  /** A function of the app. What it throws is told to whoever called it, who calls again or does not; dead hosts answer nobody. */
  const callFunction = async (work: () => Promise<unknown>): Promise<void> => {
    const crash = world.nextCrash();
    const ended = await Promise.race([crash, work().catch(() => undefined)]);
    if (ended !== 'crashed') return;
    hub.crash();
    world.restart();
  };
  const durable = hub.client();
  const ask = (mode: 'normal' | 'compromise') =>
    callFunction(() =>
      startRotation(
        { clients, durable, now: world.now },
        { vault: VAULT, name: SECRET, trigger: 'request', mode, reason: 'a test', by: { kind: 'sweep', id: 'a test' }, wanted: null },
      ),
    );
  let sweeps = 0;

  return {
    world,
    vault,
    escrow,
    /** All that is stored outside the vaults. */
    everything: () => hub.everything() + documents.everything() + audited.join(),
    target,
    keepsOld,
    hub,
    initial,
    entries: () => escrow.stored(ENTRY),
    current: () => vault.newest(SECRET),
    ask,
    /** An event of the vault, delivered so many times. `version`: the one that it names. */
    async announce(type: string, version: string, copies: number): Promise<void> {
      const data = { Id: `${vault.url}/secrets/${SECRET}/${version}`, VaultName: VAULT, ObjectName: SECRET, Version: version };
      const event = { topic: '/t', eventType: `Microsoft.KeyVault.${type}`, data };
      for (let copy = 0; copy < copies; copy += 1) await callFunction(() => secretEvent({ clients })(event, durable, log));
    },
    sweep(lookMs: number | null): void {
      sweeps += 1;
      hub.start(sweepSecrets.name, `sweep-${sweeps}`, { vault: VAULT, lookMs, part: null } satisfies SweepSecretsInput);
    },
    /** What the timer does beside starting sweeps. */
    closeLostRuns: () => callFunction(() => closeLostRuns({ clients, durable, now: world.now, log })),
    /** What it does with each sweep. */
    tell: () => callFunction(() => tellSecrets({ clients, now: world.now, log }, VAULT)),
  };
}
