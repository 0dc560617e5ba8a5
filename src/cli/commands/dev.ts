import { Command, Option } from 'commander';
import { type CommandContext, portNumber, withExamples } from './command.ts';

/** Options of `hsmkeep dev` as typed. */
export type DevOptions = Readonly<{
  once?: boolean;
  data: string;
  config?: string;
  readyFile?: string;
  port?: number;
  servers: boolean;
}>;

/** `hsmkeep dev`: the local stack, which is also `npm start`. */
export function devCommand({ io, exit }: CommandContext): Command {
  const command = new Command('dev')
    .description(
      'run all of hsmkeep on this machine: storage, emulated HSMs and vaults, servers with passwords, the function app; take a first night of backups, rotate a secret of each kind',
    )
    .option('--once', 'end after one night of backups and a first rotation of each kind; free ports')
    .option('--data <dir>', 'folder that keeps everything', '.hsmkeep')
    .option('--config <file>', 'your own configuration instead of the one made for the emulated HSMs')
    .option('--ready-file <file>', 'where to say that all is up (default: ready.json in the data folder)')
    .addOption(
      new Option('--port <number>', 'port of the API (default: 7071; 0, and the default with --once: any free one)').argParser(portNumber),
    )
    .option('--no-servers', 'without the PostgreSQL, MariaDB, Redis and webhook receiver whose credentials are rotated')
    .action(async (options: DevOptions) => {
      const { runDev } = await import('../dev/run-dev.ts');
      exit(await runDev(options, io));
    });
  return withExamples(command, [
    ['run it, and keep it running', 'hsmkeep dev'],
    ['one night of backups in a folder of its own; exit 1 if a backup is missing', 'hsmkeep dev --once --data /tmp/hsmkeep'],
  ]);
}
