import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppStack } from './app-stack.ts';
import { hsmOf } from './restores.ts';

/** A section of README.md, from its heading to the next one. */
export function readmeSection(heading: string): string {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  const [, after] = readme.split(`\n### ${heading}\n`);
  if (after === undefined) throw new Error(`README.md has no section ${heading}.`);
  return after.split(/\n##+ /)[0] ?? '';
}

/** The numbered steps of a runbook. */
export const stepsOf = (section: string): string[] =>
  section
    .split(/\n(?=\d\. )/)
    .filter((part) => /^\d\. /.test(part))
    .map((part) => part.split(/\n\n(?! )/)[0] ?? '');

/** The commands of a step that begin with a word, as they stand there. */
export const commandsIn = (step: string, word: string): string[] =>
  [...step.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => (code.startsWith(`${word} `) ? [code] : []));

/** The JSON block of a step. */
export const jsonIn = (step: string): string => /```json\n([\s\S]*?)```/.exec(step)?.[1] ?? '';

/** The names in quotation marks: the roles that are named in the words around a command. */
export const quotedIn = (step: string): string[] => [...step.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);

/** The arguments of a command line, quotes taken off. */
export const argumentsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

/**
 * Does what `az keyvault role assignment create` does, as the HSM's administrator.
 *
 * @throws {Error} for any other command, so that a changed runbook is noticed
 */
export async function az(stack: AppStack, command: string): Promise<void> {
  const [, noun, ...words] = argumentsOf(command);
  if (`${noun} ${words.slice(0, 3).join(' ')}` !== 'keyvault role assignment create') throw new Error(`The test does not know: ${command}`);
  const option = (...names: string[]): string => words[words.findIndex((word) => names.includes(word)) + 1] ?? '';
  const hsm = hsmOf(stack, option('--hsm-name'));
  const scope = option('--scope');
  const { value } = await hsm.send<{ value: { id: string; properties: { roleName: string } }[] }>(
    '/providers/Microsoft.Authorization/roleDefinitions',
  );
  const role = value.find(({ id, properties }) => properties.roleName === option('--role') || id.endsWith(`/${option('--role')}`));
  if (!role) throw new Error(`There is no role ${option('--role')}.`);
  await hsm.send(`${scope === '/' ? '' : scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`, 'PUT', {
    properties: { roleDefinitionId: role.id, principalId: option('--assignee', '--assignee-object-id') },
  });
}
