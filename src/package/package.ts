import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../version.ts';
import { type AdminClient, type Bundle, bundle, byPath, type PackedFile, writeFiles } from './bundle.ts';
import { type DurableStore, hostJson } from './host-json.ts';
import { licensesFile } from './licenses.ts';
import { sbom } from './sbom.ts';
import { startFile } from './start-file.ts';
import { zip } from './zip.ts';

export type PackageOptions = Readonly<{
  /** The project's folder. */
  root: string;
  /** Emptied, then filled. */
  outDir: string;
  admin: AdminClient;
  durable: DurableStore;
}>;

/** What was made; paths are absolute. */
export type MadePackage = Readonly<{
  zip: string;
  /** The same files, unpacked, for tools that zip by themselves. */
  app: string;
  sbom: string;
  /** Hexadecimal. */
  sha256: string;
  zipBytes: number;
  unpackedBytes: number;
  files: readonly string[];
  /** How many installed packages it holds code of. */
  components: number;
}>;

/**
 * Makes what is deployed, one package for every duty: `hsmkeep.zip` with its SHA-256 and its bill of materials, and the same files in `app/`.
 * The same sources under the same Node give the same bytes.
 *
 * @throws {OperatorError} when something that it needs is not installed.
 */
export async function makePackage({ root, outDir, admin, durable }: PackageOptions): Promise<MadePackage> {
  const built = await bundle({ root, entry: 'src/main.ts', admin });
  const files = appFiles(root, built, durable);
  const archive = await zip(files);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const materials = await sbom(root, built.packages, sha256);

  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const made = { zip: join(outDir, 'hsmkeep.zip'), app: join(outDir, 'app'), sbom: join(outDir, 'hsmkeep.sbom.json') };
  writeFiles(made.app, files);
  writeFileSync(made.sbom, materials);
  writeFileSync(made.zip, archive);
  writeFileSync(`${made.zip}.sha256`, `${sha256}  hsmkeep.zip\n`);
  return {
    ...made,
    sha256,
    zipBytes: archive.length,
    unpackedBytes: files.reduce((sum, { content }) => sum + content.length, 0),
    files: files.map(({ path }) => path),
    components: built.packages.length,
  };
}

/** All that a function app needs, and nothing else. */
export function appFiles(root: string, { files, packages }: Bundle, durable: DurableStore): PackedFile[] {
  const manifest = { name: 'hsmkeep', version: VERSION, type: 'module', main: 'start.js' };
  return [
    ...files,
    startFile(),
    licensesFile(root, packages),
    { path: 'host.json', content: Buffer.from(hostJson(readFileSync(join(root, 'host.json'), 'utf8'), durable)) },
    { path: 'package.json', content: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
  ].toSorted(byPath);
}
