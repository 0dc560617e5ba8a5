import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { stableId } from '../clients/stable-id.ts';
import { OperatorError } from '../domain/errors.ts';
import { VERSION } from '../version.ts';
import type { BundledPackage } from './bundle.ts';

type Component = Readonly<{
  'bom-ref': string;
  type: string;
  name: string;
  version: string;
  scope?: string;
  purl: string;
  hashes?: readonly unknown[];
  licenses?: readonly unknown[];
}>;
type Dependency = Readonly<{ ref: string; dependsOn?: readonly string[] }>;
type Sbom = Readonly<{
  $schema: string;
  bomFormat: 'CycloneDX';
  specVersion: string;
  metadata: Readonly<{ component: Component }>;
  components: readonly Component[];
  dependencies: readonly Dependency[];
}>;

const NPM_DEADLINE_MS = 120_000;
/** npm lists everything that is installed. */
const NPM_OUTPUT_BYTES = 32 * 1024 * 1024;

/**
 * The bill of materials of a package: those installed packages of which the bundle holds code. It is npm's own list less the rest, without
 * the time and the random number that npm puts in, so that the same package has the same one.
 *
 * @param root The project's folder, with its node_modules.
 * @param sha256 Of the zip that it describes, hexadecimal.
 * @see https://cyclonedx.org/docs/1.5/json/
 */
export async function sbom(root: string, packages: readonly BundledPackage[], sha256: string): Promise<string> {
  const all = await listInstalled(root);
  const bundled = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = all.components.filter((one) => bundled.has(`${one.name}@${one.version}`)).map(essentials);
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = [...bundled].filter((one) => !listed.has(one));
  if (missing.length > 0)
    throw new OperatorError(`npm does not list what the bundle holds: ${missing.join(', ')}.`, 'Run `npm ci`, then package again.');

  const top = all.metadata.component['bom-ref'];
  const refs = new Set([top, ...components.map((component) => component['bom-ref'])]);
  const document = {
    $schema: all.$schema,
    bomFormat: all.bomFormat,
    specVersion: all.specVersion,
    serialNumber: `urn:uuid:${stableId('hsmkeep package', sha256)}`,
    version: 1,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        ...essentials(all.metadata.component),
        type: 'application',
        name: 'hsmkeep',
        version: VERSION,
        hashes: [{ alg: 'SHA-256', content: sha256 }],
      },
    },
    components,
    dependencies: all.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

async function listInstalled(root: string): Promise<Sbom> {
  try {
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--offline', '--loglevel', 'error'];
    const { stdout } = await promisify(execFile)('npm', args, { cwd: root, timeout: NPM_DEADLINE_MS, maxBuffer: NPM_OUTPUT_BYTES });
    return JSON.parse(stdout) as Sbom;
  } catch (cause) {
    throw new OperatorError('npm could not list the installed packages.', 'See what `npm sbom --sbom-format cyclonedx` says.', { cause });
  }
}

const essentials = ({ 'bom-ref': ref, type, name, version, scope, purl, hashes, licenses }: Component): Component => ({
  'bom-ref': ref,
  type,
  name,
  version,
  ...(scope && { scope }),
  purl,
  ...(hashes && { hashes }),
  ...(licenses && { licenses }),
});
