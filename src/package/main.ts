import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OperatorError } from '../domain/errors.ts';
import { type MadePackage, makePackage, type PackageOptions } from './package.ts';

const USAGE = `Makes the package that is deployed to Azure Functions.

  npm run package -- [options]

  --admin CLIENT            own (default) or official: the client behind #keyvault-admin
  --durable-task-scheduler  host.json for the Durable Task Scheduler; default is Azure Storage
  --out DIR                 where to put it (default: build/package); what is there is removed
  --json                    print what was made as JSON
  --help

Examples:

  npm run package
  npm run package -- --durable-task-scheduler --out build/scheduler
`;

/** The command was typed wrongly. */
class UsageError extends OperatorError {
  constructor(message: string) {
    super(message, 'npm run package -- --help shows what there is.');
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));

try {
  const { options, json } = readArguments(process.argv.slice(2));
  const made = await makePackage(options);
  process.stdout.write(json ? `${JSON.stringify(made, null, 2)}\n` : describe(made));
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`error: ${error.message}\n  ${error.hint}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

function readArguments(args: string[]): { options: PackageOptions; json: boolean } {
  const { values } = parse(args);
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const { admin, out, json = false, 'durable-task-scheduler': scheduler } = values;
  if (admin !== 'own' && admin !== 'official') throw new UsageError(`--admin is own or official, not ${admin}.`);
  const outDir = resolve(out);
  // The folder is emptied first.
  if (!relative(outDir, root).startsWith('..')) throw new UsageError(`--out ${out} would remove the project.`);
  return { options: { root, outDir, admin, durable: scheduler ? 'durable-task-scheduler' : 'azure-storage' }, json };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        admin: { type: 'string', default: 'own' },
        'durable-task-scheduler': { type: 'boolean' },
        out: { type: 'string', default: join(root, 'build', 'package') },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function describe({ zip, zipBytes, unpackedBytes, files, sha256, sbom, components }: MadePackage): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  return [
    `package  ${relative(process.cwd(), zip)}`,
    `size     ${megabytes(zipBytes)}, ${megabytes(unpackedBytes)} unpacked, ${files.length} files`,
    `sha256   ${sha256}`,
    `sbom     ${relative(process.cwd(), sbom)}, ${components} packages\n`,
  ].join('\n');
}
