import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DUTIES } from '../../src/domain/duty.ts';
import { ROLES } from '../../src/functions/authenticate.ts';
import { ROOT, read } from '../support/infra/compiled.ts';
import type { Template } from '../support/infra/rules.ts';

const azureYaml = read('azure.yaml');
const outputs = Object.keys((JSON.parse(read('infra/main.json')) as Template).outputs ?? {});

describe('azure.yaml', () => {
  test('deploys an app for each duty, where infra/ made one', () => {
    const services = azureYaml.split('\nservices:\n')[1]?.split(/\n\S/)[0] ?? '';
    expect([...services.matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name)).toEqual([...DUTIES]);
    const conditions = [...services.matchAll(/condition: \$\{(\w+)\}/g)].map(([, name]) => name);
    expect(conditions).toEqual(DUTIES.map((duty) => `HSMKEEP_DEPLOY_${duty.toUpperCase()}`));
    expect(outputs).toEqual(expect.arrayContaining(conditions));
  });

  test('deploys the folder that the package is unpacked in', () => {
    const folders = new Set([...azureYaml.matchAll(/dist: (\S+)/g)].map(([, path]) => path));
    expect([...folders]).toEqual(['build/package/app']);
    expect(read('src/package/main.ts')).toContain("join(root, 'build', 'package')");
  });

  test('calls hooks that are there, on every system', () => {
    const hooks = [...azureYaml.matchAll(/(posix|windows): \{ shell: \w+, run: node (\S+?)[ ,}]/g)];
    expect(hooks.length).toBeGreaterThan(6);
    for (const [, , path = ''] of hooks) expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(hooks.filter(([, system]) => system === 'posix')).toHaveLength(hooks.length / 2);
  });
});

test('the app roles of the registration are those that the API asks for', () => {
  const roles = JSON.parse(read('infra/app-roles.json')) as { id: string; value: string; isEnabled: boolean }[];
  expect(roles.map(({ value }) => value)).toEqual([...ROLES]);
  expect(new Set(roles.map(({ id }) => id)).size).toBe(ROLES.length);
});

describe('a hook', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hsmkeep-hooks-'));
    // Writes down what it was called with, and the file that was handed to it; answers what answers.json says for its first words.
    const stand = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
const file = args.find((argument) => argument.startsWith('@'));
const body = file ? JSON.parse(readFileSync(file.slice(1), 'utf8')) : undefined;
appendFileSync(${JSON.stringify(join(folder, 'calls.jsonl'))}, JSON.stringify({ args, body }) + '\\n');
const answers = JSON.parse(readFileSync(${JSON.stringify(join(folder, 'answers.json'))}, 'utf8'));
const answer = answers[args.slice(0, 3).join(' ')];
if (answer === 'fail') process.exit(3);
process.stdout.write(JSON.stringify(answer ?? ''));
`;
    for (const name of ['az', 'azd']) {
      writeFileSync(join(folder, name), stand);
      chmodSync(join(folder, name), 0o755);
    }
  });
  beforeEach(() => {
    writeFileSync(join(folder, 'calls.jsonl'), '');
    answers({});
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  type Call = { args: string[]; body?: Record<string, unknown> };
  const calls = (): Call[] =>
    readFileSync(join(folder, 'calls.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const answers = (all: object): void => writeFileSync(join(folder, 'answers.json'), JSON.stringify(all));
  const runHook = (name: string, env: Record<string, string>, path = `${folder}${delimiter}${dirname(process.execPath)}`) =>
    spawnSync(process.execPath, [join(ROOT, 'infra', 'hooks', `${name}.mjs`)], { encoding: 'utf8', env: { PATH: path, ...env } });

  const CLIENT = '11111111-1111-4111-8111-111111111111';

  test('makes the app registration, gives it the roles, and remembers it', () => {
    answers({ 'ad app list': [], 'ad app create': CLIENT, 'ad sp list': [] });
    const { status, stdout } = runHook('app-registration', { AZURE_ENV_NAME: 'test' });
    expect([status, stdout]).toEqual([0, expect.stringContaining(`hsmkeep-test is ${CLIENT}`)]);

    const patches = calls().filter(({ args }) => args[0] === 'rest');
    expect(patches[0]?.body).toMatchObject({ identifierUris: [`api://${CLIENT}`], appRoles: ROLES.map((value) => ({ value })) });
    expect(patches.at(-1)?.body).toEqual({ appRoleAssignmentRequired: true });
    expect(calls().some(({ args }) => args.slice(0, 3).join(' ') === 'ad sp create')).toBe(true);
    expect(calls().at(-1)?.args).toEqual(['env', 'set', 'HSMKEEP_AUTH_CLIENT_ID', CLIENT]);
  });

  test('makes no second registration, and does not choose between two', () => {
    answers({ 'ad app list': [CLIENT], 'ad sp list': [{}] });
    expect(runHook('app-registration', { AZURE_ENV_NAME: 'test' }).status).toBe(0);
    expect(calls().filter(({ args }) => args.includes('create'))).toEqual([]);

    answers({ 'ad app list': [CLIENT, 'other'] });
    const { status, stderr } = runHook('app-registration', { AZURE_ENV_NAME: 'test' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('there are 2 app registrations named hsmkeep-test')]);
  });

  test('leaves a registration alone that somebody else looks after', () => {
    const env = { HSMKEEP_OWN_REGISTRATION: 'true', HSMKEEP_AUTH_CLIENT_ID: CLIENT };
    expect(runHook('app-registration', env).status).toBe(0);
    expect(calls()).toEqual([]);
    expect(runHook('app-registration', { HSMKEEP_OWN_REGISTRATION: 'true' }).status).toBe(1);
  });

  test('says what to do when az is not there, and when it fails', () => {
    const without = runHook('app-registration', { AZURE_ENV_NAME: 'test' }, '/nowhere');
    expect([without.status, without.stderr]).toEqual([1, expect.stringMatching(/az is not installed[\s\S]*Install the Azure CLI/)]);
    answers({ 'ad app list': 'fail' });
    expect(runHook('app-registration', { AZURE_ENV_NAME: 'test' }).stderr).toContain('az ad app list failed');
  });

  const DEPLOYED = {
    AZURE_ENV_NAME: 'test',
    AZURE_LOCATION: 'westeurope',
    AZURE_SUBSCRIPTION_ID: 'aaaa',
    HSMKEEP_DEPLOY_ROTATE: 'True',
    HSMKEEP_TOPICS: '[{"subscriptionId":"aaaa","resourceGroup":"vaults","name":"hsmkeep-contoso-kv"}]',
    HSMKEEP_ROTATE_APP: '/app',
    HSMKEEP_UNDELIVERED_ACCOUNT: '/account',
  };

  test('subscribes to events with the parameters that its template takes', () => {
    const { status, stdout } = runHook('events', DEPLOYED);
    expect([status, stdout]).toEqual([0, 'hsmkeep: events of 1 vault reach the rotate app\n']);
    const [{ args, body } = { args: [] }] = calls();
    expect(args.slice(0, 3)).toEqual(['deployment', 'sub', 'create']);
    expect(args).toContain(join(ROOT, 'infra', 'events.json'));
    const known = (JSON.parse(read('infra/events.json')) as Template).parameters ?? {};
    expect(Object.keys(known)).toEqual(expect.arrayContaining(Object.keys(body?.['parameters'] ?? {})));
    expect(body?.['parameters']).toMatchObject({ topics: { value: [{ name: 'hsmkeep-contoso-kv' }] }, functionAppId: { value: '/app' } });
  });

  test('subscribes to nothing where nothing is rotated, and says what is missing', () => {
    expect(runHook('events', { ...DEPLOYED, HSMKEEP_DEPLOY_ROTATE: 'False' }).stdout).toContain('no vault to take events from');
    expect(calls()).toEqual([]);
    const { status, stderr } = runHook('events', { ...DEPLOYED, HSMKEEP_ROTATE_APP: '' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('HSMKEEP_ROTATE_APP is not set')]);
  });

  test('tells what is left to do for each HSM', () => {
    const config = JSON.stringify({ hsms: [{ name: 'contoso-hsm' }], drillHsms: [{ name: 'contoso-drill' }] });
    const { stdout } = runHook('next-steps', { HSMKEEP_CONFIG: config, HSMKEEP_HSM_IDENTITY: '/id', AZURE_ENV_NAME: 'test' });
    for (const name of ['contoso-hsm', 'contoso-drill'])
      expect(stdout).toContain(`az keyvault update-hsm --hsm-name ${name} --mi-user-assigned /id`);
    expect(stdout).toContain('npx hsmkeep setup --apply');
  });

  test('reads nothing that nobody sets', () => {
    const set = new Set([
      ...outputs,
      ...[...read('infra/main.bicepparam').matchAll(/readEnvironmentVariable\('(\w+)'/g)].map(([, name]) => name),
      'AZURE_SUBSCRIPTION_ID',
      'HSMKEEP_OWN_REGISTRATION',
    ]);
    const hooks = ['app-registration', 'events', 'next-steps', 'package'].map((name) => read(`infra/hooks/${name}.mjs`)).join('\n');
    const asked = [...hooks.matchAll(/env\.([A-Z_]+)|needed\(env, '([A-Z_]+)'\)/g)].map(([, direct, demanded]) => direct ?? demanded ?? '');
    expect(asked.filter((name) => !set.has(name))).toEqual([]);
  });
});
