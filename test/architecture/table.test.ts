import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ACTIVITIES, ORCHESTRATORS } from '../../src/app.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

type Row = Readonly<{ sdkCall: string; activity: string; orchestrators: string[] }>;

const rows: Row[] =
  read('ARCHITECTURE.md')
    .split('## SDK call, activity, orchestrator')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .map((line) => [...line.matchAll(/`([\w.]+)`/g)].map(([, word]) => word ?? ''))
    .filter((words, index, all) => words.length >= 3 && all[index] !== undefined)
    .map(([sdkCall = '', activity = '', ...orchestrators]) => ({ sdkCall, activity, orchestrators })) ?? [];

const orchestratorFile = (name: string) => join(ROOT, 'src', 'orchestrators', `${kebab(name)}.ts`);
const ORCHESTRATOR_FILES = new Set(ORCHESTRATORS.map(({ name }) => orchestratorFile(name)));

/** Every module that a source file imports, of ours, however indirectly; a sub-orchestration's calls are its own. */
function importsOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/^import (?!type).*?from '(\.[^']+)'|^} from '(\.[^']+)'/gms)) {
    const imported = resolve(dirname(path), target);
    if (target && !ORCHESTRATOR_FILES.has(imported)) importsOf(imported, seen);
  }
  return seen;
}

describe('the table of ARCHITECTURE.md', () => {
  test('has every registered activity exactly once', () => {
    expect(rows.map(({ activity }) => activity).sort()).toEqual(ACTIVITIES.map(({ name }) => name).sort());
  });

  test.each(ACTIVITIES.map(({ name }) => name))('names the orchestrators that call %s', (activity) => {
    const file = join(ROOT, 'src', 'activities', `${kebab(activity)}.ts`);
    const callers = ORCHESTRATORS.filter(({ name }) => importsOf(orchestratorFile(name)).has(file)).map(({ name }) => name);
    expect(rows.find((row) => row.activity === activity)?.orchestrators.sort()).toEqual(callers.sort());
  });

  test.each(rows)('$activity rests on $sdkCall', ({ sdkCall, activity }) => {
    const method = sdkCall.split('.')[1] ?? '';
    const adapters = [
      'azure-blob-store',
      'azure-blob-batch',
      'azure-blob-copy',
      'azure-managed-hsm',
      'azure-canary-keys',
      'azure-vault',
      'azure-audit-log',
      'catalogue',
    ]
      .map((name) => read(`src/clients/${name}.ts`))
      .join('\n');
    expect(adapters, `no client calls ${method}`).toContain(`.${method}(`);

    const port = PORT_METHOD[method] ?? method;
    const source = [...importsOf(join(ROOT, 'src', 'activities', `${kebab(activity)}.ts`))]
      .filter(
        (path) =>
          path.includes('/activities/') ||
          /\/(blob-store|canary|catalogue|runs|restores|vault-secret|dispatch|outbox|audit)\.ts$/.test(path),
      )
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    expect(source, `${activity} does not call ${port}`).toMatch(new RegExp(`\\.(${port})\\(|updateDocument\\(`));
  });
});

/** What our client interfaces call the SDK's methods. */
const PORT_METHOD: Readonly<Record<string, string>> = {
  upload: 'write',
  appendBlock: 'append',
  delete: 'remove',
  submitBatch: 'removeMany',
  syncCopyFromURL: 'copyFrom',
  deleteIfExists: 'drop',
  download: 'open|read',
  listBlobsByHierarchy: 'listFolders',
  listBlobsFlat: 'listBlobs',
  listPropertiesOfKeys: 'keysExcept',
  getSecret: 'read',
  setSecret: 'write',
  updateSecretProperties: 'update',
  listPropertiesOfSecrets: 'list',
  poll: 'checkJob',
  purgeDeletedKey: 'purge',
  beginPreBackup: 'startPreBackup',
  beginBackup: 'startBackup',
  beginPreRestore: 'startPreRestore',
  beginRestore: 'startRestore',
  createRoleAssignment: 'assignRole',
};
