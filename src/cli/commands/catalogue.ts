import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import type { BackupView } from '../../domain/views.ts';
import { MisuseError } from '../errors.ts';
import { EXIT, type Io } from '../io.ts';
import { backupTable } from '../output/views.ts';
import { readReadyFile } from '../ready-file.ts';
import { type CommandContext, noun, print, withExamples } from './command.ts';
import { readConfig } from './config.ts';

type RebuildOptions = Readonly<{ config?: string; storage?: string; readyFile?: string; json?: boolean }>;

/** `hsmkeep catalogue …`: works from storage alone, with the caller's own identity; hsmkeep itself need not run. */
export function catalogueCommand({ io, exit }: CommandContext): Command {
  const catalogue = noun('catalogue', 'the app’s own view of all backups, which storage can give back');

  const rebuild = catalogue
    .command('rebuild')
    .description('make the list of backups anew from the records beside them; runs alone, with your own identity')
    .argument('[hsm...]', 'names of HSMs; without any, all that are configured')
    .option('--config <file>', 'the configuration (HSMKEEP_CONFIG)')
    .option('--storage <account>', 'account of the app’s own container: URL or connection string (HSMKEEP_STORAGE)')
    .option('--ready-file <file>', 'ready file of the local stack, whose storage is taken when no account is named')
    .option('--json', 'print the backups as JSON')
    .action(async (names: string[], options: RebuildOptions) => {
      const config = await readConfig(options.config, io);
      const hsms = chooseHsms(
        names,
        config.hsms.map(({ name }) => name),
      );
      const storage = await findStorage(options, io);
      const [{ createClients }, { rebuildCatalogue }] = await Promise.all([
        import('../../clients/clients.ts'),
        import('../../clients/catalogue.ts'),
      ]);
      const clients = createClients({ config, storage, duties: ['backup'], identities: {} }, 'backup');

      const backups: BackupView[] = [];
      const failures: OperatorError[] = [];
      for (const hsm of hsms) {
        try {
          backups.push(...(await rebuildCatalogue(clients.backups(hsm), hsm, clients.documents)));
        } catch (error) {
          failures.push(await forPeople(error, hsm));
        }
      }
      print(io, options, { value: backups }, ({ value }) => backupTable(value, io));
      for (const { message, hint } of failures) io.stderr.write(`error: ${message}\n  ${hint}\n`);
      exit(failures.length === 0 ? EXIT.done : EXIT.failed);
    });
  withExamples(rebuild, [
    ['after the app’s storage was lost', 'hsmkeep catalogue rebuild --config hsmkeep.json --storage https://contoso.blob.core.windows.net'],
    ['of the local stack', 'hsmkeep catalogue rebuild --config .hsmkeep/config.json'],
  ]);
  return withExamples(catalogue, [['after the app’s storage was lost', 'hsmkeep catalogue rebuild --config hsmkeep.json']]);
}

/** @throws {MisuseError} for a name that is not configured. */
function chooseHsms(names: readonly string[], configured: readonly string[]): readonly string[] {
  if (names.length === 0) return configured;
  return names.map((name) => {
    const found = configured.find((each) => each.toLowerCase() === name.toLowerCase());
    if (found === undefined)
      throw new MisuseError(`No HSM named ${name} is configured.`, `Configured are: ${configured.join(', ') || 'none'}.`);
    return found;
  });
}

async function findStorage({ storage, readyFile }: RebuildOptions, io: Io): Promise<string> {
  const given = storage ?? io.env['HSMKEEP_STORAGE'];
  if (given) return given;
  const found = await readReadyFile(io.cwd, readyFile);
  if (found) return found.ready.storageConnectionString;
  throw new MisuseError(
    'The storage account of hsmkeep was not named.',
    'Name it with --storage or HSMKEEP_STORAGE: https://<account>.blob.core.windows.net.',
  );
}

/** What storage refused or did not answer, as an error for people; our own bugs are thrown on. */
async function forPeople(error: unknown, hsm: string): Promise<OperatorError> {
  const { RefusedError, TransientError } = await import('../../clients/errors.ts');
  if (error instanceof OperatorError) return error;
  if (error instanceof RefusedError) return new OperatorError(`${hsm}: ${error.problem.message}`, error.problem.hint, { cause: error });
  if (error instanceof TransientError) return new OperatorError(`${hsm}: ${error.message}.`, 'Try again in a moment.', { cause: error });
  throw error;
}
