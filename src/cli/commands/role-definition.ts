import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { OperatorError } from '../../domain/errors.ts';
import { fullAction, isKnownAction } from '../../domain/rights/data-actions.ts';
import type { Permission } from '../../domain/rights/roles.ts';
import { administrationOf, type CallerOptions, withCallerOptions } from '../caller.ts';
import { confirm } from '../confirm.ts';
import { MisuseError } from '../errors.ts';
import { forPeople } from '../for-people.ts';
import type { Io } from '../io.ts';
import { definitionPage, definitionTable } from '../output/role-views.ts';
import { type CommandContext, noun, print, withExamples } from './command.ts';
import { findRole, guid, rolesCalled } from './role-lookup.ts';

type ScopeOptions = CallerOptions & Readonly<{ scope: string }>;

const withScope = (command: Command): Command =>
  withCallerOptions(command.option('--scope <scope>', '/, /keys or /keys/<name>; the service shows every role at each of them', '/'));

/** `hsmkeep role definition …`: every operation on role definitions that an HSM has. */
export function addDefinitions(role: Command, context: CommandContext): void {
  const definition = noun('definition', 'roles: what each allows');
  role.addCommand(definition);
  addList(definition, context);
  addGet(definition, context);
  addSet(definition, context);
  addDelete(definition, context);
  withExamples(definition, [['which roles are there?', 'hsmkeep role definition list contoso-hsm']]);
}

function addList(definition: Command, { io }: CommandContext): void {
  const list = definition
    .command('list')
    .description('list the roles of an HSM, built in and custom')
    .argument('<hsm>', 'its configured name, or its address')
    .option('--custom', 'only those that somebody made')
    .action(async (hsm: string, options: ScopeOptions & { custom?: boolean }) => {
      const admin = await administrationOf(hsm, options, io);
      const roles = await forPeople(() => admin.roleDefinitions(options.scope));
      const value = options.custom ? roles.filter(({ kind }) => kind === 'custom') : roles;
      print(io, options, { value }, (shown) => (shown.value.length === 0 ? 'There is none.\n' : definitionTable(shown.value, io)));
    });
  withExamples(withScope(list), [
    ['which roles are there?', 'hsmkeep role definition list contoso-hsm'],
    ['before anything is configured', 'hsmkeep role definition list https://contoso-hsm.managedhsm.azure.net'],
  ]);
}

function addGet(definition: Command, { io }: CommandContext): void {
  const get = definition
    .command('get')
    .description('show what a role allows')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('<role>', 'name or id of the role')
    .action(async (hsm: string, role: string, options: ScopeOptions) => {
      const admin = await administrationOf(hsm, options, io);
      const found = await forPeople(async () => {
        const { id } = findRole(await admin.roleDefinitions(options.scope), role, admin.name);
        return (await admin.roleDefinition(id, options.scope)) ?? findRole([], role, admin.name);
      });
      print(io, options, found, (shown) => definitionPage(shown, io));
    });
  withExamples(withScope(get), [['what may a backup user do?', 'hsmkeep role definition get contoso-hsm "Managed HSM Backup User"']]);
}

type SetOptions = ScopeOptions &
  Readonly<{ action?: string[]; notAction?: string[]; description?: string; id?: string; file?: string; name?: string }>;

function addSet(definition: Command, { io }: CommandContext): void {
  const set = definition
    .command('set')
    .description('make a custom role, or replace the one of that name as a whole; doing it again changes nothing')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('<role>', 'the name that people read')
    .option('--action <action...>', 'data actions that it allows, such as backup/start/action')
    .option('--not-action <action...>', 'data actions that it does not allow although another pattern does')
    .option('--description <text>', 'what it is for')
    .option('--file <file>', 'take description and permissions from a file, in the form that `get --json` prints')
    .option('--id <guid>', 'its id, where the name does not tell which role is meant')
    .action(async (hsm: string, roleName: string, options: SetOptions) => {
      const { description, permissions } = contentOf(options, io);
      const admin = await administrationOf(hsm, options, io);
      const { stableId } = await import('../../clients/stable-id.ts');
      const set = await forPeople(async () => {
        const same = rolesCalled(await admin.roleDefinitions(options.scope), options.id ?? roleName);
        if (same.some(({ kind }) => kind === 'built-in'))
          throw new MisuseError(`${roleName} is a built-in role.`, 'Built-in roles cannot be changed; give yours another name.');
        const id = options.id
          ? guid(options.id, 'the id of a role')
          : same.length > 0
            ? findRole(same, roleName, admin.name).id
            : stableId(admin.url, roleName);
        return admin.setRoleDefinition({ id, roleName, description, permissions }, options.scope);
      });
      print(io, options, set, (shown) => definitionPage(shown, io));
    });
  withExamples(withScope(set), [
    [
      'a role that may start backups and nothing else',
      'hsmkeep role definition set contoso-hsm "Night backup" --action backup/start/action backup/status/action',
    ],
    [
      'a copy of another HSM’s role',
      'hsmkeep role definition get contoso-hsm Night --json > night.json && hsmkeep role definition set fabrikam-hsm Night --file night.json',
    ],
  ]);
}

function contentOf({ action, notAction, description, file }: SetOptions, io: Io): { description: string; permissions: Permission[] } {
  if ((action === undefined) === (file === undefined))
    throw new MisuseError('Say what the role allows.', 'Name its data actions with --action, or a file with --file; not both.');
  const content =
    file === undefined ? { permissions: [{ dataActions: action, notDataActions: notAction }] } : readRole(resolve(io.cwd, file));
  const permissions = (content.permissions ?? []).map(({ dataActions = [], notDataActions = [] }) => ({
    dataActions: dataActions.map(fullAction),
    notDataActions: notDataActions.map(fullAction),
  }));
  const strange = permissions.flatMap((one) => [...one.dataActions, ...one.notDataActions]).filter((one) => !isKnownAction(one));
  for (const each of strange) io.stderr.write(`note: ${each} is no data action that hsmkeep knows; the HSM takes any text.\n`);
  return { description: description ?? content.description ?? '', permissions };
}

type RoleFile = Readonly<{ description?: string; permissions?: { dataActions?: string[]; notDataActions?: string[] }[] }>;

function readRole(file: string): RoleFile {
  const isTexts = (value: unknown) => value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
  let content: RoleFile | null;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new MisuseError(
      `${file} cannot be read as JSON: ${(cause as Error).message}.`,
      'It has the form that `role definition get --json` prints.',
    );
  }
  const { permissions, description } = content ?? {};
  const isRole =
    Array.isArray(permissions) &&
    permissions.every((one) => isTexts(one?.dataActions) && isTexts(one?.notDataActions)) &&
    (description === undefined || typeof description === 'string');
  if (!isRole)
    throw new MisuseError(
      `${file} describes no role.`,
      'It needs "permissions": [{"dataActions": ["…"]}], as `role definition get --json` prints.',
    );
  return { permissions, ...(description !== undefined && { description }) };
}

function addDelete(definition: Command, { io }: CommandContext): void {
  const remove = definition
    .command('delete')
    .description('delete a custom role that nobody has')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('<role>', 'name or id of the role')
    .option('--yes', 'do not ask')
    .action(async (hsm: string, role: string, options: ScopeOptions & { yes?: boolean }) => {
      const admin = await administrationOf(hsm, options, io);
      const found = await forPeople(async () => findRole(await admin.roleDefinitions(options.scope), role, admin.name));
      if (found.kind === 'built-in') throw new MisuseError(`${found.roleName} is a built-in role.`, 'Only custom roles can be deleted.');
      const holders = (await forPeople(() => admin.roleAssignments())).filter((one) => one.role === found.id.toLowerCase());
      if (holders.length > 0)
        throw new OperatorError(
          `${found.roleName} is still given to ${holders.map(({ principalId, scope }) => `${principalId} at ${scope}`).join(', ')}.`,
          `Take it away first: hsmkeep role assignment delete ${hsm} ${holders[0]?.id}`,
        );
      await confirm(io, `Delete the role ${found.roleName} of ${admin.name}`, options.yes);
      await forPeople(() => admin.deleteRoleDefinition(found.id, options.scope));
      print(io, options, { deleted: found }, ({ deleted }) => `Deleted: ${deleted.roleName} (${deleted.id}).\n`);
    });
  withExamples(withScope(remove), [['a role that is not needed any more', 'hsmkeep role definition delete contoso-hsm "Night backup"']]);
}
