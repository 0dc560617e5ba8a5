import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type BicepCli, bicep } from './bicep-cli.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
const DEPLOYMENTS = 'test/infra/deployments';

/** What the compiler made of which sources: a stale file shows without a compiler. */
export const RECORD = `${DEPLOYMENTS}/compiled.json`;
export type CompiledRecord = Readonly<{ bicep: string; sources: string; outputs: Readonly<Record<string, string>> }>;

/** Templates that are deployed; beside each lies what the compiler makes of it. */
export const TEMPLATES = ['infra/main', 'infra/events'] as const;

/** Example deployments; beside each lies what the compiler says would be deployed, modules and loops unfolded, conditions decided. */
export const EXAMPLES = ['default', 'everything', 'events', 'queued-events'] as const;
export type Example = (typeof EXAMPLES)[number];

const posix = (path: string): string => path.replaceAll('\\', '/');
const inRoot = (pattern: string): string[] => globSync(pattern, { cwd: ROOT }).map(posix).toSorted();

/** Everything that what is compiled depends on. */
export const sourceFiles = (): string[] => [
  ...inRoot('infra/**/*.{bicep,kql}'),
  'infra/bicepconfig.json',
  'infra/workbook.json',
  ...inRoot(`${DEPLOYMENTS}/*.bicepparam`),
];

export const outputFiles = (): string[] => [
  ...TEMPLATES.map((template) => `${template}.json`),
  ...EXAMPLES.map((example) => `${DEPLOYMENTS}/${example}.snapshot.json`),
];

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** One hash over names and contents. */
export const hashOfSources = (): string =>
  sha256(
    sourceFiles()
      .map((path) => `${path}\n${sha256(read(path))}\n`)
      .join(''),
  );
export const hashesOfOutputs = (): Record<string, string> => Object.fromEntries(outputFiles().map((path) => [path, sha256(read(path))]));

/** What the compiler makes of the templates, by path. Warnings of its linter are errors by bicepconfig.json. */
export async function compile(cli: BicepCli): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-infra-'));
  try {
    // In one go: starting the compiler takes longer than compiling.
    const { stderr } = await bicep(cli, 'build', '--pattern', join(ROOT, 'infra', '*.bicep'), '--outdir', folder);
    if (stderr.trim()) throw new Error(`The compiler warns:\n${stderr}`);
    const made = Object.fromEntries(
      TEMPLATES.map((template) => [`${template}.json`, readFileSync(join(folder, `${basename(template)}.json`), 'utf8')]),
    );
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A template without what differs from one run of the compiler to the next: the order of dependencies, and the hash over it. */
export const settled = (text: string): unknown =>
  JSON.parse(text, (key, value) => {
    if (key === 'templateHash') return undefined;
    return key === 'dependsOn' && Array.isArray(value) ? value.toSorted() : value;
  });

/** What azd would hand to the template, with these variables in its environment. */
export const compileParameters = (cli: BicepCli, env: Readonly<Record<string, string>>) =>
  bicep({ ...cli, env }, 'build-params', join(ROOT, 'infra', 'main.bicepparam'), '--stdout');

/** A tenant, a subscription and a place that exist nowhere. */
const SCOPE = [
  '--tenant-id',
  '00000000-0000-4000-8000-00000000eeee',
  '--subscription-id',
  '00000000-0000-4000-8000-00000000aaaa',
  '--location',
  'westeurope',
];

/** Writes the snapshot of an example beside it, or with `validate` compares. @throws when they differ. */
export const snapshot = (cli: BicepCli, example: Example, mode: 'overwrite' | 'validate') =>
  bicep(cli, 'snapshot', join(ROOT, DEPLOYMENTS, `${example}.bicepparam`), '--mode', mode, ...SCOPE);

/** A resource as an example would deploy it. What only Azure knows stays an expression, `[reference(…)…]`. */
export type Resource = Readonly<{
  type: string;
  apiVersion: string;
  name: string;
  id: string;
  properties?: Readonly<Record<string, unknown>>;
  [field: string]: unknown;
}>;
export type Deployment = Readonly<{ predictedResources: readonly Resource[]; diagnostics: readonly unknown[] }>;

export const deployment = (example: Example): Deployment => JSON.parse(read(`${DEPLOYMENTS}/${example}.snapshot.json`));
