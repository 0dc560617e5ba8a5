import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { backupCommand } from './commands/backup.ts';
import { catalogueCommand } from './commands/catalogue.ts';
import { type CommandContext, withExamples } from './commands/command.ts';
import { configCommand } from './commands/config.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { drillCommand } from './commands/drill.ts';
import { emulatorCommand } from './commands/emulator.ts';
import { hsmCommand } from './commands/hsm.ts';
import { preRestoreCommand } from './commands/pre-restore.ts';
import { reportCommand } from './commands/report.ts';
import { restoreCommand } from './commands/restore.ts';
import { retentionCommand } from './commands/retention.ts';
import { roleCommand } from './commands/role.ts';
import { runCommand } from './commands/run.ts';
import { secretCommand } from './commands/secret.ts';
import { settingCommand } from './commands/setting.ts';
import { setupCommand } from './commands/setup.ts';
import { unlockCommand } from './commands/unlock.ts';
import { verifyAzureCommand } from './commands/verify-azure.ts';
import { reportError } from './errors.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';

/**
 * Runs the command line.
 *
 * @param args Without the interpreter and the script: `['hsm', 'list']`.
 * @returns 0 done, 1 failed, 2 used wrongly. Never throws: errors are printed as what happened and what to do.
 */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = buildProgram({ io, exit: (said) => (code = said) });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.misused;
    return reportError(error, io);
  }
}

function buildProgram(context: CommandContext): Command {
  const program = new Command('hsmkeep')
    .description('Keeps Azure Managed HSMs recoverable: nightly backups that are proven, and restores that are safe.')
    .version(version(), '-V, --version')
    .enablePositionalOptions();

  const commands = [
    devCommand,
    emulatorCommand,
    hsmCommand,
    backupCommand,
    preRestoreCommand,
    restoreCommand,
    drillCommand,
    runCommand,
    secretCommand,
    configCommand,
    catalogueCommand,
    retentionCommand,
    roleCommand,
    settingCommand,
    setupCommand,
    doctorCommand,
    unlockCommand,
    reportCommand,
    verifyAzureCommand,
  ];
  for (const command of commands) program.addCommand(command(context));

  withExamples(program, [
    ['try everything on this machine', 'npm start'],
    ['how old is the newest proven backup of each HSM?', 'hsmkeep hsm list'],
    ['back up one HSM now and watch', 'hsmkeep backup now contoso-hsm'],
    ['talk to a deployed hsmkeep', 'HSMKEEP_URL=https://contoso-hsmkeep.azurewebsites.net hsmkeep hsm list'],
  ]);
  tame(program, context.io);
  return program;
}

/** Errors of usage reach {@link runCli} instead of ending the process, and go where the caller says. */
function tame(command: Command, io: Io): void {
  command
    .exitOverride()
    .showHelpAfterError('See --help for examples.')
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) });
  for (const each of command.commands) tame(each, io);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
