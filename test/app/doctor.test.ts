import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../src/domain/doctor/check.ts';
import { DUTY_ROLES, type RoleKey } from '../../src/domain/rights/duty-roles.ts';
import { hsmkeep, serve } from '../cli/support.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { writeReadyFile } from '../support/caller.ts';
import { startTestEmulator, type TestEmulator } from '../support/emulator.ts';

const HSM = 'contoso-hsm';
const DRILL = 'contoso-drill';
const VAULT = 'contoso-kv';
const ESCROW = 'contoso-escrow';
const ROLES = '/providers/Microsoft.Authorization/roleDefinitions';

let azurite: RunningAzurite;
let emulator: TestEmulator;
let folder: string;
let config: Record<string, unknown>;
let administrator: string;
let inspector: string;
let ids: Readonly<Record<'backup' | 'restore', string>>;
beforeAll(async () => {
  azurite = await startAzurite();
  emulator = await startTestEmulator({
    hsms: [HSM, DRILL].map((name) => ({ name, domain: 'emea' })),
    vaults: [VAULT, ESCROW],
    storage: [azurite.connectionString],
  });
  folder = mkdtempSync(join(tmpdir(), 'hsmkeep-doctor-'));
  const { control, ready } = emulator;
  const hsm = (name: string) => ({ name, url: ready.hsms[name], backupTo: { container: `${azurite.blobEndpoint}/${name}` } });
  config = { hsms: [{ ...hsm(HSM), drill: { into: DRILL } }], drillHsms: [hsm(DRILL)] };

  const everywhere = (role: string) => ({ hsm: '*', scope: '/', role });
  const [backup, restore, admin, looker] = await Promise.all([
    control.principal({ name: 'app-backup' }),
    control.principal({ name: 'app-restore' }),
    control.principal({ name: 'hsm-admin', roles: [everywhere('Administrator')] }),
    control.principal({ name: 'inspector', roles: [everywhere('Administrator'), everywhere('Crypto Auditor')] }),
  ]);
  ids = { backup: backup.objectId, restore: restore.objectId };
  administrator = admin.clientId;
  inspector = looker.clientId;
  const { code, stderr } = await run(['setup', '--apply']);
  expect(code, stderr).toBe(0);
});
afterAll(async () => {
  await emulator?.stop();
  await azurite?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => emulator.control.clearFaults());

type Changes = Readonly<{ as?: string; now?: Date; config?: Record<string, unknown>; rotate?: string }>;

/** The command line as an administrator of both HSMs, or somebody else. */
function run(
  [command = '', ...args]: readonly string[],
  { as = administrator, now = new Date(), config: changed = {}, rotate }: Changes = {},
) {
  const storageConnectionString = azurite.connectionString;
  const readyFile = writeReadyFile(emulator, { folder, config: { ...config, ...changed }, storageConnectionString, clientId: as });
  const identity = ['--identity', `backup=${ids.backup}`, `restore=${ids.restore}`, ...(rotate ? [`rotate=${rotate}`] : [])];
  return hsmkeep([command, ...args, ...identity, '--ready-file', readyFile], { now });
}

/** What doctor finds wrong, as `check of subject: message`; its exit code has to agree. */
async function findings(checks: readonly string[] = [], changes: Changes = {}): Promise<string[]> {
  const { found } = await examined(checks, changes);
  return found.filter(({ status }) => status === 'finding').map(({ check, subject, message }) => `${check} of ${subject}: ${message}`);
}

async function examined(checks: readonly string[] = [], changes: Changes = {}): Promise<{ found: Check[]; stderr: string }> {
  const { code, stdout, stderr } = await run(['doctor', '--json', ...(checks.length > 0 ? ['--check', ...checks] : [])], changes);
  expect(stdout, stderr).not.toBe('');
  const { checks: found, findings: count } = JSON.parse(stdout) as { checks: Check[]; findings: number };
  expect(code).toBe(count === 0 ? 0 : 1);
  return { found, stderr };
}

const asRoot = (hsm: string, method: string, path: string, body?: unknown) =>
  emulator.send(`${emulator.ready.hsms[hsm]}${path}?api-version=7.6`, { method, ...(body !== undefined && { body }) });
const answer = (path: string, status: number, body?: unknown, method = 'GET') =>
  emulator.control.fault({ match: { host: HSM, method, path }, times: 9, action: 'answer', status, ...(body !== undefined && { body }) });
const containerOf = (hsm: string) => BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(hsm);

test('finds nothing wrong after setup, and says what it looked at', async () => {
  const { code, stdout, stderr } = await run(['doctor']);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/^ +SUBJECT +CHECK +WHAT\n/);
  expect(stdout).toMatch(/ok +contoso-hsm +rights +backup has what it needs/);
  expect(stdout).toMatch(/ok +contoso-hsm +right to restore +nobody has it by night/);
  expect(stdout).toMatch(/ok +contoso-hsm +pre-backup check +it can write to http/);
  expect(stdout).toMatch(/ok +contoso-hsm +canary +made /);
  expect(stdout).toMatch(/Nothing is wrong\.\n$/);
});

describe('each right that is taken away', () => {
  /** The roles that duties have standing, and the actions of which nothing else gives them. */
  const HELD: readonly (readonly [hsm: string, role: RoleKey, duty: 'backup' | 'restore', scope: string])[] = [
    [HSM, 'backup', 'backup', '/'],
    [HSM, 'plan', 'restore', '/'],
    [DRILL, 'backup', 'backup', '/'],
    [DRILL, 'plan', 'restore', '/'],
    [DRILL, 'restore', 'restore', '/'],
    [DRILL, 'drill', 'restore', '/keys/hsmkeep-canary'],
  ];
  const planned = new Set(DUTY_ROLES.plan.actions);
  const rights = HELD.flatMap(([hsm, role, duty, scope]) =>
    DUTY_ROLES[role].actions
      // Reading keys stands twice on a drill HSM, of one key and of all.
      .filter((action) => role !== 'drill' || !planned.has(action))
      .map((action) => ({ hsm, role, duty, scope, action })),
  );

  test.each(rights)('$action of $duty on $hsm is the one that doctor names', async ({ hsm, role, duty, scope, action }) => {
    const path = `${ROLES}/${DUTY_ROLES[role].id}`;
    const { body: whole } = await asRoot(hsm, 'GET', path);
    const [permission] = whole.properties.permissions;
    const dataActions = permission.dataActions.filter((one: string) => !one.endsWith(`/managedHsm/${action}`));
    expect(dataActions).toHaveLength(permission.dataActions.length - 1);
    await asRoot(hsm, 'PUT', path, { properties: { ...whole.properties, permissions: [{ ...permission, dataActions }] } });

    const { found } = await examined(['rights']);
    await asRoot(hsm, 'PUT', path, whole);
    expect(found.filter(({ status }) => status === 'finding')).toEqual([
      {
        check: 'rights',
        subject: hsm,
        status: 'finding',
        message: `${duty} (${ids[duty]}) lacks ${action} at ${scope}`,
        hint: `hsmkeep setup --apply --hsm ${hsm} --identity ${duty}=${ids[duty]}`,
      },
    ]);
  });
});

describe('rights beyond what is needed', () => {
  const give = (role: string, principal: string) =>
    hsmkeep(['role', 'assignment', 'set', HSM, '--role', role, '--principal', principal, '--ready-file', file()]);
  const take = (role: string, principal: string) =>
    hsmkeep(['role', 'assignment', 'delete', HSM, '--role', role, '--principal', principal, '--yes', '--ready-file', file()]);
  const file = () => writeReadyFile(emulator, { folder, config });

  test('a backup identity that may restore is a finding', async () => {
    await give('Restore User', ids.backup);
    expect(await findings(['separation'])).toEqual([
      `separation of ${HSM}: backup (${ids.backup}) may do restore/start/action, which it never needs`,
      `separation of ${HSM}: backup (${ids.backup}) may do keys/restore/action, which it never needs`,
    ]);
    await take('Restore User', ids.backup);
  });

  test('a right to restore that nobody gave for a time is a finding', async () => {
    await give('Restore User', ids.restore);
    expect(await findings(['right to restore'])).toEqual([expect.stringContaining('may restore, and nobody gave it the right for a time')]);
    await take('Restore User', ids.restore);
  });

  test('one that was given is fine until its time is over', async () => {
    await run(['setup', '--arm-restore', HSM, '--for', '1h']);
    expect(await findings(['right to restore', 'rights'])).toEqual([]);
    const late = new Date(Date.now() + 3_601_000);
    expect(await findings(['right to restore'], { now: late })).toEqual([expect.stringContaining('nobody has taken it away since')]);
    await run(['setup', '--disarm', HSM]);
    expect(await findings(['right to restore'], { now: late })).toEqual([]);
  });
});

describe('an HSM', () => {
  test('that does not answer is a finding, and the others are looked at', async () => {
    const gone = { hsms: [{ ...(config['hsms'] as object[])[0], url: 'https://127.0.0.1:1' }] };
    expect(await findings(['reachable'], { config: gone })).toEqual([
      expect.stringMatching(/^reachable of contoso-hsm: contoso-hsm did not /),
    ]);
  });

  test('that refuses the token is a finding', async () => {
    await answer(ROLES, 401, {});
    expect(await findings(['reachable'])).toEqual([expect.stringContaining('refused your token')]);
  });

  test('at which the caller may not look is a finding that names the right', async () => {
    const { clientId } = await emulator.control.principal({ name: 'stranger', roles: [] });
    const [first] = await findings(['reachable'], { as: clientId });
    expect(first).toMatch(/you lack a right \(role(Definitions|Assignments)\/read\/action\)/);
  });

  test('whose clock is off is a finding', async () => {
    await emulator.control.moveClock({ advanceMs: 600_000 });
    const found = await findings(['clock']);
    await emulator.control.moveClock({ advanceMs: -600_000 });
    expect(found).toEqual([
      expect.stringMatching(/^clock of contoso-hsm: its clock is (599|600|601) s ahead/),
      expect.stringContaining(DRILL),
    ]);
  });

  test('that is busy is no finding: its pre-backup check cannot be told', async () => {
    await answer('/prebackup', 409, { error: { code: '409', message: 'busy', innererror: null } }, 'POST');
    const { found } = await examined(['pre-backup check']);
    expect(found.find(({ subject }) => subject === HSM)).toMatchObject({
      status: 'unknown',
      message: 'another backup or restore is under way',
    });
  });

  test('that refuses its pre-backup check is a finding', async () => {
    await answer('/prebackup', 403, { error: { code: 'AccessDenied', message: 'Not authorized' } }, 'POST');
    expect(await findings(['pre-backup check'])).toEqual([expect.stringContaining('refused to run the pre-backup check')]);
  });

  const protectedBy = (recoveryLevel: string, recoverableDays = 90) => ({
    value: [{ kid: `${emulator.ready.hsms[HSM]}/keys/a`, attributes: { enabled: true, recoveryLevel, recoverableDays } }],
  });
  test.each([
    ['Recoverable', 90, []],
    ['Recoverable+Purgeable', 90, ['purge protection']],
    ['CustomizedRecoverable', 7, ['soft delete']],
    ['Purgeable', 0, ['soft delete', 'purge protection']],
  ])('with %s for %i days: %j', async (level, days, expected) => {
    await answer('/keys', 200, protectedBy(level, days));
    const { found } = await examined(['soft delete', 'purge protection'], { as: inspector });
    expect(found.filter(({ subject, status }) => subject === HSM && status === 'finding').map(({ check }) => check)).toEqual(expected);
  });

  test('whose keys the caller may not read cannot be told about, and says how', async () => {
    const { found } = await examined(['purge protection']);
    expect(found[0]).toMatchObject({ status: 'unknown', hint: expect.stringContaining('Managed HSM Crypto Auditor') });
  });

  test('without its canary, or with one of another key, is a finding', async () => {
    const path = `hsmkeep/${HSM}/canary.json`;
    const text = (await containerOf(HSM).getBlobClient(path).downloadToBuffer()).toString();
    await containerOf(HSM).getBlobClient(path).delete();
    expect(await findings(['canary'])).toEqual([expect.stringContaining('there is none')]);
    const other = text.replace('"key":"hsmkeep-canary"', '"key":"other"');
    await containerOf(HSM).getBlockBlobClient(path).upload(other, other.length);
    expect(await findings(['canary'])).toEqual([expect.stringContaining('is of key other')]);
    await containerOf(HSM).getBlockBlobClient(path).upload(text, text.length);
  });

  test('whose container is gone: both the container and the HSM’s own check tell', async () => {
    const lost = { ...(config['hsms'] as object[])[0], backupTo: { container: `${azurite.blobEndpoint}/lost` } };
    const found = await findings(['container', 'pre-backup check'], { config: { hsms: [lost] } });
    expect(found).toEqual([
      expect.stringMatching(/^pre-backup check of contoso-hsm: The pre-backup check on contoso-hsm failed/),
      expect.stringMatching(/^container of .*\/lost: The container .* does not exist/),
    ]);
  });
});

describe('a vault', () => {
  const vaultOf = (more: object = {}) => ({
    name: VAULT,
    url: emulator.ready.vaults[VAULT],
    rotation: 'on',
    escrowVault: emulator.ready.vaults[ESCROW],
    ...more,
  });
  const looking = (checks: readonly string[], more: object = {}, others: object = {}) =>
    findings(checks, { config: { hsms: [], drillHsms: [], vaults: [vaultOf(more)], ...others } });

  test('that does not answer is a finding', async () => {
    expect(await looking(['reachable'], { url: 'https://127.0.0.1:1' })).toEqual([
      expect.stringContaining(`${VAULT} did not list its secrets`),
    ]);
  });

  test('without purge protection is a finding; an empty one cannot tell', async () => {
    const nothing = await examined(['purge protection'], { config: { hsms: [], drillHsms: [], vaults: [vaultOf()] } });
    expect(nothing.found).toMatchObject([{ status: 'unknown' }]);
    await emulator.send(`${emulator.ready.vaults[VAULT]}/secrets/any?api-version=7.6`, { method: 'PUT', body: { value: 'anything' } });
    expect(await looking(['soft delete', 'purge protection'])).toEqual([expect.stringContaining('is off: whoever may purge')]);
  });

  test('that keeps values on their way beside its secrets is a finding', async () => {
    expect(await looking(['escrow'], { escrowVault: emulator.ready.vaults[VAULT] })).toEqual([
      expect.stringContaining('everybody who may read its secrets'),
    ]);
  });

  describe('with a topic', () => {
    const group = '/subscriptions/s1/resourceGroups/g/providers';
    const topic = `${group}/Microsoft.EventGrid/systemTopics/kv`;
    const vaultId = `${group}/Microsoft.KeyVault/vaults/kv`;
    const escrowId = `${group}/Microsoft.KeyVault/vaults/escrow`;
    const ROTATOR = '33333333-aaaa-4bbb-8ccc-000000000003';
    const roleId = (role: string) => `/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    const held = (principalId: string, role = 'rotator') => ({ properties: { principalId, roleDefinitionId: roleId(role) } });
    const assignments = (id: string) => `${id}/providers/Microsoft.Authorization/roleAssignments`;
    const role = (...actions: string[]) => ({
      properties: { permissions: [{ dataActions: actions.map((action) => `Microsoft.KeyVault/vaults/secrets/${action}/action`) }] },
    });
    const ROTATING = ['readMetadata', 'getSecret', 'setSecret', 'update'];
    const roles = {
      [roleId('rotator')]: role(...ROTATING),
      [roleId('reader')]: role('getSecret'),
      [roleId('watcher')]: role('readMetadata'),
    };
    /** Azure Resource Manager, which the emulator has nothing of for vaults and topics. */
    const arm = (answers: Readonly<Record<string, object>>) =>
      serve(({ path, authorization }) => {
        if (!authorization?.startsWith('Bearer ')) return { status: 401, body: {} };
        const answered = answers[path.split('?')[0] ?? ''];
        return answered ? { body: Array.isArray(answered) ? { value: answered } : answered } : { status: 403, body: {} };
      });
    const lookingAs = async (checks: readonly string[], answers: Readonly<Record<string, object>>) => {
      const { url } = await arm({ [topic]: { properties: { source: vaultId } }, ...roles, ...answers });
      const vaults = [vaultOf({ topic })];
      return findings(checks, { rotate: ROTATOR, config: { hsms: [], drillHsms: [], vaults, endpoints: { arm: url } } });
    };

    test.each(ROTATING)('a rotator without secrets/%s/action is a finding, of exactly that', async (action) => {
      const lesser = role(...ROTATING.filter((one) => one !== action));
      const answers = { [assignments(vaultId)]: [held(ROTATOR), held('somebody')] };
      expect(await lookingAs(['rights'], answers)).toEqual([]);
      expect(await lookingAs(['rights'], { ...answers, [roleId('rotator')]: lesser })).toEqual([
        `rights of ${VAULT}: rotate (${ROTATOR}) lacks secrets/${action}/action`,
      ]);
    });

    test('a reader of the escrow vault who does not rotate is a finding that names him', async () => {
      const found = (...holders: object[]) =>
        lookingAs(['escrow'], { '/subscriptions/s1/resources': [{ id: escrowId }], [assignments(escrowId)]: holders });
      expect(await found(held(ROTATOR), held('watching', 'watcher'))).toEqual([]);
      expect(await found(held(ROTATOR), held('curious', 'reader'))).toEqual([expect.stringContaining('can be read by curious')]);
    });

    test('that nobody is told by of near expiry is a finding', async () => {
      const found = (...includedEventTypes: string[]) =>
        lookingAs(['near-expiry events'], {
          [`${topic}/eventSubscriptions`]: [{ name: 'rotate', properties: { filter: { includedEventTypes } } }],
        });
      expect(await found('Microsoft.KeyVault.SecretNearExpiry')).toEqual([]);
      expect(await found('Microsoft.KeyVault.SecretExpired')).toEqual([expect.stringContaining('tells of secrets that near their expiry')]);
    });

    test('at which the caller may not look is a finding', async () => {
      const { url } = await arm({});
      expect(await looking(['near-expiry events'], { topic }, { endpoints: { arm: url } })).toEqual([
        expect.stringContaining('does not let you read'),
      ]);
    });
  });

  test('whose target does not listen is a finding; a pattern cannot be called', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = `postgres://127.0.0.1:${(server.address() as { port: number }).port}`;
    expect(await looking(['target'], { targets: [target, 'https://*.contoso.net'] })).toEqual([]);
    server.close();
    await once(server, 'close');
    expect(await looking(['target'], { targets: [target] })).toEqual([
      `target of ${target}: nothing answers on port ${new URL(target).port} (ECONNREFUSED)`,
    ]);
  });
});

test('identities that are not named are said to be unknown, not wrong', async () => {
  const readyFile = writeReadyFile(emulator, {
    folder,
    config,
    storageConnectionString: azurite.connectionString,
    clientId: administrator,
  });
  const { code, stdout } = await hsmkeep(['doctor', '--check', 'rights', '--ready-file', readyFile]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('--identity backup=<object id>')]);
});
