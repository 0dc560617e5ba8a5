import { Command } from 'commander';
import type { ExitCode } from '../io.ts';
import type { CommandContext } from './command.ts';

/** `hsmkeep emulator …`: the emulator is a product of its own and reads its own options, `--help` included. */
export function emulatorCommand({ exit }: CommandContext): Command {
  return new Command('emulator')
    .description('Managed HSMs, Key Vaults and identity on this machine; see hsmkeep emulator --help')
    .usage('[options]')
    .argument('[options...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (argv: string[]) => {
      const { runEmulator } = await import('../../emulator/main.ts');
      exit((await runEmulator(argv)) as ExitCode);
    });
}
