import type { Command } from 'commander';
import type { HsmAdministration } from '../../clients/hsm-administration.ts';
import { NotFoundError, OperatorError } from '../../domain/errors.ts';
import type { RoleAssignment, RoleDefinition } from '../../domain/rights/roles.ts';
import { administrationOf, type CallerOptions, withCallerOptions } from '../caller.ts';
import { confirm } from '../confirm.ts';
import { MisuseError } from '../errors.ts';
import { forPeople } from '../for-people.ts';
import { assignmentTable, type NamedAssignment } from '../output/role-views.ts';
import { type CommandContext, noun, print, withExamples } from './command.ts';
import { findRole, guid } from './role-lookup.ts';

const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';

type ScopeOptions = CallerOptions & Readonly<{ scope: string }>;

const withScope = (command: Command): Command =>
  withCallerOptions(command.option('--scope <scope>', 'where the role holds: /, /keys or /keys/<name>', '/'));

/** `hsmkeep role assignment …`: every operation on role assignments that an HSM has. */
export function addAssignments(role: Command, context: CommandContext): void {
  const assignment = noun('assignment', 'who has which role, and where');
  role.addCommand(assignment);
  addList(assignment, context);
  addGet(assignment, context);
  addSet(assignment, context);
  addDelete(assignment, context);
  withExamples(assignment, [['who may do what?', 'hsmkeep role assignment list contoso-hsm']]);
}

function addList(assignment: Command, { io }: CommandContext): void {
  const list = assignment
    .command('list')
    .description('list who has which role; assignments at a single key only show with --scope /keys/<name>')
    .argument('<hsm>', 'its configured name, or its address')
    .option('--principal <object id>', 'only those of this user, group or identity')
    .option('--role <role>', 'only those of this role')
    .action(async (hsm: string, options: ScopeOptions & { principal?: string; role?: string }) => {
      const admin = await administrationOf(hsm, options, io);
      const principal = options.principal && guid(options.principal, 'an object id');
      const value = await forPeople(async () => {
        const [roles, assignments] = await Promise.all([admin.roleDefinitions(), admin.roleAssignments(options.scope)]);
        const role = options.role && findRole(roles, options.role, admin.name).id.toLowerCase();
        return assignments
          .filter((one) => (!principal || one.principalId.toLowerCase() === principal) && (!role || one.role === role))
          .map((one) => named(one, roles));
      });
      print(io, options, { value }, (shown) => (shown.value.length === 0 ? 'There is none.\n' : assignmentTable(shown.value, io)));
    });
  withExamples(withScope(list), [
    ['who may do what?', 'hsmkeep role assignment list contoso-hsm'],
    ['who may restore?', 'hsmkeep role assignment list contoso-hsm --role "Managed HSM Restore User"'],
    ['on one key', 'hsmkeep role assignment list contoso-hsm --scope /keys/payments'],
  ]);
}

function addGet(assignment: Command, { io }: CommandContext): void {
  const get = assignment
    .command('get')
    .description('show one assignment')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('<id>', 'id of the assignment')
    .action(async (hsm: string, id: string, options: ScopeOptions) => {
      const wanted = guid(id, 'the id of an assignment');
      const admin = await administrationOf(hsm, options, io);
      const found = await forPeople(async () => {
        const [roles, one] = await Promise.all([admin.roleDefinitions(), mustGet(admin, wanted, options.scope)]);
        return named(one, roles);
      });
      print(io, options, found, (shown) => assignmentTable([shown], io));
    });
  withExamples(withScope(get), [['whose is it?', 'hsmkeep role assignment get contoso-hsm 5d4c3b2a-2222-4333-8444-555566667777']]);
}

function addSet(assignment: Command, { io }: CommandContext): void {
  const set = assignment
    .command('set')
    .description('give somebody a role; doing it again changes nothing')
    .argument('<hsm>', 'its configured name, or its address')
    .requiredOption('--role <role>', 'name or id of the role')
    .requiredOption('--principal <object id>', 'object id of the user, group or identity (not its client id)')
    .option('--id <guid>', 'id of the new assignment')
    .action(async (hsm: string, options: ScopeOptions & { role: string; principal: string; id?: string }) => {
      const principalId = guid(options.principal, 'an object id');
      const given = options.id && guid(options.id, 'the id of an assignment');
      const admin = await administrationOf(hsm, options, io);
      const { stableId } = await import('../../clients/stable-id.ts');
      const { scope } = options;
      const result = await forPeople(async () => {
        const role = findRole(await admin.roleDefinitions(), options.role, admin.name);
        const roleId = role.id.toLowerCase();
        const id = given || stableId(admin.url, principalId, roleId, scope);
        const status = await admin.assignRole({ id, principalId, role: roleId, scope });
        const known = (await admin.roleAssignments(scope)).find(
          (one) => one.role === roleId && one.principalId.toLowerCase() === principalId && one.scope === scope,
        );
        return { status, assignment: named(known ?? { id, principalId, role: roleId, scope }, [role]) };
      });
      if (result.status === 'there') io.stderr.write('It was given before; nothing was changed.\n');
      print(io, options, result.assignment, (shown) => assignmentTable([shown], io));
    });
  withExamples(withScope(set), [
    [
      'let an identity take backups',
      'hsmkeep role assignment set contoso-hsm --role "Managed HSM Backup User" --principal 11112222-3333-4444-8555-666677778888',
    ],
    [
      'let it use one key',
      'hsmkeep role assignment set contoso-hsm --role "Crypto User" --principal 11112222-3333-4444-8555-666677778888 --scope /keys/payments',
    ],
  ]);
}

function addDelete(assignment: Command, { io }: CommandContext): void {
  const remove = assignment
    .command('delete')
    .description('take a role away')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('[id]', 'id of the assignment; or name it by --role and --principal')
    .option('--role <role>', 'name or id of the role')
    .option('--principal <object id>', 'whose')
    .option('--yes', 'do not ask')
    .action(async (hsm: string, id: string | undefined, options: ScopeOptions & { role?: string; principal?: string; yes?: boolean }) => {
      if ((id === undefined) === (options.role === undefined || options.principal === undefined))
        throw new MisuseError('Say which assignment.', 'Name its id, or both --role and --principal.');
      const admin = await administrationOf(hsm, options, io);
      const [roles, found] = await forPeople(async () => {
        const all = await admin.roleDefinitions();
        return [
          all,
          id === undefined ? await findHeld(admin, all, options) : await mustGet(admin, guid(id, 'the id of an assignment'), options.scope),
        ];
      });
      if (found.role === ADMINISTRATOR) await forPeople(() => requireAnother(admin, found));
      const { principalId, roleName, scope } = named(found, roles);
      await confirm(io, `Take ${roleName} at ${scope} of ${admin.name} away from ${principalId}`, options.yes);
      await forPeople(() => admin.deleteRoleAssignment(found.id, options.scope));
      print(io, options, { deleted: named(found, roles) }, () => `Taken away: ${roleName} at ${scope} from ${principalId}.\n`);
    });
  withExamples(withScope(remove), [
    ['by its id', 'hsmkeep role assignment delete contoso-hsm 5d4c3b2a-2222-4333-8444-555566667777'],
    [
      'by what it says',
      'hsmkeep role assignment delete contoso-hsm --role "Managed HSM Restore User" --principal 11112222-3333-4444-8555-666677778888 --yes',
    ],
  ]);
}

async function mustGet(admin: HsmAdministration, id: string, scope: string): Promise<RoleAssignment> {
  const found = await admin.roleAssignment(id, scope);
  if (found) return found;
  throw new NotFoundError(
    `${admin.name} has no role assignment ${id}.`,
    `hsmkeep role assignment list ${admin.name} shows those that there are.`,
  );
}

async function findHeld(
  admin: HsmAdministration,
  roles: readonly RoleDefinition[],
  { role = '', principal = '', scope }: Readonly<{ role?: string; principal?: string; scope: string }>,
): Promise<RoleAssignment> {
  const principalId = guid(principal, 'an object id');
  const { id, roleName } = findRole(roles, role, admin.name);
  const assignments = await admin.roleAssignments(scope);
  const found = assignments.find(
    (one) => one.role === id.toLowerCase() && one.principalId.toLowerCase() === principalId && one.scope === scope,
  );
  if (found) return found;
  throw new NotFoundError(
    `${principalId} does not have ${roleName} at ${scope} of ${admin.name}.`,
    'Look with hsmkeep role assignment list, also at another --scope.',
  );
}

/** Without an administrator nobody could give the role again. */
async function requireAnother(admin: HsmAdministration, { id }: RoleAssignment): Promise<void> {
  const others = (await admin.roleAssignments()).filter((one) => one.role === ADMINISTRATOR && one.id !== id);
  if (others.length === 0)
    throw new OperatorError(
      `It is the last Managed HSM Administrator of ${admin.name}: nobody could give roles any more.`,
      'Give the role to somebody else first: hsmkeep role assignment set … --role "Managed HSM Administrator"',
    );
}

const named = (one: RoleAssignment, roles: readonly RoleDefinition[]): NamedAssignment => ({
  ...one,
  roleName: roles.find(({ id }) => id.toLowerCase() === one.role)?.roleName ?? one.role,
});
