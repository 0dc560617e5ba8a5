import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The version that the committed templates were made with. */
export const BICEP_VERSION = '0.49.2';

/** The compiler, or why there is none. */
export type BicepCli = Readonly<{ path: string }> | Readonly<{ missing: string }>;

const RESTORE_MS = 60_000;
const COMPILE_MS = 120_000;

/**
 * Finds the Bicep compiler of {@link BICEP_VERSION}: on the PATH, in NuGet's package folder, or, where the .NET SDK is installed, by asking
 * NuGet for it. Nothing of it ever comes into the project's folder.
 */
export async function findBicep(): Promise<BicepCli> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'bicep'));
  for (const path of [...onPath, inNuGetFolder()]) if (existsSync(path) && (await versionOf(path)) === BICEP_VERSION) return { path };
  return restore();
}

/** Runs the compiler, with `env` beside this process's variables. @throws when it finds an error, with what it printed. */
export async function bicep(
  cli: BicepCli & Readonly<{ env?: Readonly<Record<string, string>> }>,
  ...args: string[]
): Promise<{ stdout: string; stderr: string }> {
  if ('missing' in cli) throw new Error(cli.missing);
  try {
    return await run(cli.path, args, { timeout: COMPILE_MS, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...QUIET, ...cli.env } });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`bicep ${args.join(' ')} failed:\n${stdout}${stderr}`.trim(), { cause: error });
  }
}

/** It is a .NET program that needs none of the machine's languages. */
const QUIET = { DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' };

const packageName = (): string =>
  `azure.bicep.commandline.${process.platform === 'darwin' ? 'osx' : 'linux'}-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;

const inNuGetFolder = (): string =>
  join(process.env['NUGET_PACKAGES'] ?? join(homedir(), '.nuget', 'packages'), packageName(), BICEP_VERSION, 'tools', 'bicep');

async function versionOf(path: string): Promise<string | undefined> {
  const { stdout } = await run(path, ['--version'], { timeout: 20_000, env: { ...process.env, ...QUIET } }).catch(() => ({ stdout: '' }));
  return /version (\S+)/.exec(stdout)?.[1];
}

/** A project that does nothing but ask for the package. */
async function restore(): Promise<BicepCli> {
  const folder = mkdtempSync(join(tmpdir(), 'hsmkeep-bicep-'));
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'bicep.csproj'),
      `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="${packageName()}" Version="[${BICEP_VERSION}]" /></ItemGroup>
</Project>
`,
    );
    await run('dotnet', ['restore', folder], { timeout: RESTORE_MS });
    return existsSync(inNuGetFolder()) ? { path: inNuGetFolder() } : { missing: `NuGet has no ${packageName()} ${BICEP_VERSION}` };
  } catch {
    return {
      missing: `no Bicep compiler ${BICEP_VERSION}: put it on the PATH, or install a .NET SDK that reaches NuGet (${packageName()})`,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
