import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { VaultKeeper } from '../../clients/vault-keeper.ts';
import { OperatorError } from '../../domain/errors.ts';
import { secretDisabled, secretGone } from '../../domain/rotation/problems.ts';
import { Sensitive } from '../../domain/rotation/sensitive.ts';
import { type CallerOptions, resolveCaller, withCallerOptions } from '../caller.ts';
import { confirm } from '../confirm.ts';
import { MisuseError } from '../errors.ts';
import { forPeople } from '../for-people.ts';
import type { Io } from '../io.ts';
import { documentDetails } from '../output/views.ts';
import { type CommandContext, print, withExamples } from './command.ts';
import { referenceOf } from './secret-reference.ts';

const OWN = 'with your own identity, straight at the vault';

/** `hsmkeep secret set|delete|recover|purge`: what needs no app and no policy. */
export function addValueCommands(secret: Command, context: CommandContext): void {
  addSet(secret, context);
  addDelete(secret, context);
  addRecover(secret, context);
  addPurge(secret, context);
}

/** `secret show --reveal`: the value and nothing else, so that it can be piped on. */
export async function reveal(reference: string, options: CallerOptions & { version?: string }, io: Io): Promise<void> {
  const { keeper, name } = await keeperOf(reference, options, io);
  const reading = await forPeople(() => keeper.read(name, options.version));
  if (reading.status === 'missing') throw asError(secretGone(keeper.name, name));
  if (reading.status === 'disabled') throw asError(secretDisabled(keeper.name, name));
  reading.value.use((value) =>
    io.stdout.write(options.json ? `${JSON.stringify({ value, version: reading.facts.version })}\n` : `${value}\n`),
  );
}

function addSet(secret: Command, { io }: CommandContext): void {
  const set = secret
    .command('set')
    .description(`store a new version of a secret, ${OWN}; its tags stay`)
    .argument('<vault/name>', 'the secret')
    .requiredOption(
      '--file <file>',
      'where the value is; - is standard input. A line end at its end is not taken. Never on the command line',
    )
    .option('--content-type <type>', 'what kind of value it is; without it, that of the version before')
    .action(async (reference: string, options: CallerOptions & { file: string; contentType?: string }) => {
      const { keeper, name } = await keeperOf(reference, options, io);
      const value = await readValue(options.file, io);
      const { version, createdAt, tags } = await forPeople(() => keeper.set(name, value, options.contentType));
      print(io, options, { secret: `${keeper.name}/${name}`, version, createdAt }, (stored) => documentDetails(stored, io));
      if (tags['rot-provider'] !== undefined && tags['rot-provider'] !== 'none')
        io.stderr.write('note: hsmkeep rotates this secret. The next sweep sees whether its target takes this value.\n');
    });
  withExamples(withCallerOptions(set), [
    ['from a file', 'hsmkeep secret set contoso-kv/app-key --file app-key.txt'],
    ['from another command', 'openssl rand -base64 32 | hsmkeep secret set contoso-kv/app-key --file -'],
  ]);
}

type YesOptions = CallerOptions & Readonly<{ yes?: boolean }>;

function addDelete(secret: Command, { io }: CommandContext): void {
  const remove = secret
    .command('delete')
    .description(`delete a secret with all its versions, ${OWN}; it can be recovered for a while`)
    .argument('<vault/name>', 'the secret')
    .option('--yes', 'do not ask')
    .action(async (reference: string, options: YesOptions) => {
      const { keeper, name } = await keeperOf(reference, options, io);
      await confirm(io, `Delete ${keeper.name}/${name} with all its versions`, options.yes);
      const deleted = await forPeople(() => keeper.delete(name));
      print(io, options, { secret: `${keeper.name}/${name}`, ...deleted }, (each) => documentDetails(each, io));
      io.stderr.write(`note: bring it back with: hsmkeep secret recover ${keeper.name}/${name}\n`);
    });
  withExamples(withCallerOptions(remove), [['without asking', 'hsmkeep secret delete contoso-kv/app-key --yes']]);
}

function addRecover(secret: Command, { io }: CommandContext): void {
  const recover = secret
    .command('recover')
    .description(`bring a deleted secret back with all its versions, ${OWN}`)
    .argument('<vault/name>', 'the secret')
    .action(async (reference: string, options: CallerOptions) => {
      const { keeper, name } = await keeperOf(reference, options, io);
      await forPeople(() => keeper.recover(name));
      print(io, options, { recovered: `${keeper.name}/${name}` }, ({ recovered }) => `${recovered} is back.\n`);
    });
  withExamples(withCallerOptions(recover), [['it was deleted by mistake', 'hsmkeep secret recover contoso-kv/app-key']]);
}

function addPurge(secret: Command, { io }: CommandContext): void {
  const purge = secret
    .command('purge')
    .description(`end a deleted secret for good, ${OWN}; its name is free again`)
    .argument('<vault/name>', 'the secret')
    .option('--yes', 'do not ask')
    .action(async (reference: string, options: YesOptions) => {
      const { keeper, name } = await keeperOf(reference, options, io);
      await confirm(io, `Purge ${keeper.name}/${name}, so that nobody can bring it back`, options.yes);
      await forPeople(() => keeper.purge(name));
      print(io, options, { purged: `${keeper.name}/${name}` }, ({ purged }) => `${purged} is gone for good.\n`);
    });
  withExamples(withCallerOptions(purge), [['its name is needed again', 'hsmkeep secret purge contoso-kv/app-key']]);
}

async function keeperOf(reference: string, options: CallerOptions, io: Io): Promise<Readonly<{ keeper: VaultKeeper; name: string }>> {
  const { vault, name } = referenceOf(reference);
  const { config, access } = await resolveCaller(options, io);
  const found = config.vaults.find((each) => each.name.toLowerCase() === vault.toLowerCase());
  if (!found)
    throw new MisuseError(
      `No vault named ${vault} is configured.`,
      `Configured are: ${config.vaults.map((each) => each.name).join(', ') || 'none'}.`,
    );
  const { azureVaultKeeper } = await import('../../clients/azure-vault-keeper.ts');
  return { keeper: azureVaultKeeper(found.name, found.url, access), name };
}

/** @throws {OperatorError} when there is nothing to store. */
async function readValue(file: string, io: Io): Promise<Sensitive> {
  const text = await readText(file === '-' ? 0 : resolve(io.cwd, file), file);
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new OperatorError(`${file} holds no value.`, 'Key Vault takes no empty secret.');
  return new Sensitive(value);
}

/** `0` is standard input. */
async function readText(place: string | 0, file: string): Promise<string> {
  try {
    if (place !== 0) return await readFile(place, 'utf8');
    const { text } = await import('node:stream/consumers');
    return await text(process.stdin);
  } catch (error) {
    throw new OperatorError(
      `Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.`,
      'Name a file that you may read.',
    );
  }
}

const asError = ({ message, hint }: Readonly<{ message: string; hint: string }>): OperatorError => new OperatorError(message, hint);
