import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import { MisuseError } from '../errors.ts';
import type { Io } from '../io.ts';
import { counted } from '../output/words.ts';
import { type CommandContext, noun, withExamples } from './command.ts';

/** `hsmkeep config …`: runs alone, without any API. */
export function configCommand({ io }: CommandContext): Command {
  const config = noun('config', 'check a configuration, or print its schema');

  const check = config
    .command('check')
    .description('name every mistake of a configuration, each with its path; exit 2 if there is any')
    .argument('[file]', 'the file; without it HSMKEEP_CONFIG, which is a path or the JSON itself')
    .option('--json', 'print the result as JSON: {"valid", "hsms", "vaults"}')
    .action(async (file: string | undefined, options: { json?: boolean }) => {
      const { hsms, vaults } = await readConfig(file, io);
      const result = { valid: true, hsms: hsms.map(({ name }) => name), vaults: vaults.map(({ name }) => name) };
      io.stdout.write(
        options.json
          ? `${JSON.stringify(result, null, 2)}\n`
          : `The configuration is valid: ${counted(hsms.length, 'HSM')}, ${counted(vaults.length, 'vault')}.\n`,
      );
    });
  withExamples(check, [
    ['check a file before it is deployed', 'hsmkeep config check hsmkeep.json'],
    ['check what the environment holds', 'HSMKEEP_CONFIG=hsmkeep.json hsmkeep config check'],
  ]);

  const schema = config
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../../config/config.ts');
      io.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
  withExamples(schema, [['have the editor help: name the file in "$schema"', 'hsmkeep config schema > hsmkeep.schema.json']]);

  return withExamples(config, [['check a file before it is deployed', 'hsmkeep config check hsmkeep.json']]);
}

/**
 * Reads and checks a configuration.
 *
 * @param file A path; without it HSMKEEP_CONFIG.
 * @throws {MisuseError} naming every mistake.
 */
export async function readConfig(file: string | undefined, io: Io) {
  const [{ parseConfig }, { readConfigText }] = await Promise.all([import('../../config/config.ts'), import('../../config/settings.ts')]);
  try {
    return parseConfig(readConfigText(sourceOf(file, io)));
  } catch (error) {
    if (error instanceof OperatorError && !(error instanceof MisuseError))
      throw new MisuseError(error.message, error.hint, { cause: error });
    throw error;
  }
}

/** The text of a configuration that was checked before, as the document that it is. */
export function readDocument(file: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function sourceOf(file: string | undefined, { cwd, env }: Io): string {
  if (file !== undefined) return resolve(cwd, file);
  const value = env['HSMKEEP_CONFIG'];
  if (!value) throw new MisuseError('No configuration was named.', 'Name a file, or set HSMKEEP_CONFIG to its path or to the JSON itself.');
  return value.trimStart().startsWith('{') ? value : resolve(cwd, value);
}
