import type { Command } from 'commander';
import { administrationOf, type CallerOptions, withCallerOptions } from '../caller.ts';
import { forPeople } from '../for-people.ts';
import { settingTable } from '../output/role-views.ts';
import { type CommandContext, noun, print, withExamples } from './command.ts';

/** `hsmkeep setting …`: settings of an HSM. Talks straight to it, as whoever typed the command. */
export function settingCommand(context: CommandContext): Command {
  const setting = noun('setting', 'settings of an HSM; needs the role Managed HSM Administrator, as yourself, without the app');
  addList(setting, context);
  addGet(setting, context);
  addSet(setting, context);
  return withExamples(setting, [['how is it set?', 'hsmkeep setting list contoso-hsm']]);
}

function addList(setting: Command, { io }: CommandContext): void {
  const list = setting
    .command('list')
    .description('list the settings of an HSM (needs Managed HSM Administrator)')
    .argument('<hsm>', 'its configured name, or its address')
    .action(async (hsm: string, options: CallerOptions) => {
      const admin = await administrationOf(hsm, options, io);
      print(io, options, { value: await forPeople(() => admin.settings()) }, ({ value }) => settingTable(value, io));
    });
  withExamples(withCallerOptions(list), [['how is it set?', 'hsmkeep setting list contoso-hsm']]);
}

function addGet(setting: Command, { io }: CommandContext): void {
  const get = setting
    .command('get')
    .description('show one setting (needs Managed HSM Administrator)')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('<name>', 'name of the setting')
    .action(async (hsm: string, name: string, options: CallerOptions) => {
      const admin = await administrationOf(hsm, options, io);
      print(io, options, await forPeople(() => admin.setting(name)), (found) => settingTable([found], io));
    });
  withExamples(withCallerOptions(get), [
    ['may keys be managed through Azure Resource Manager?', 'hsmkeep setting get contoso-hsm AllowKeyManagementOperationsThroughARM'],
  ]);
}

function addSet(setting: Command, { io }: CommandContext): void {
  const set = setting
    .command('set')
    .description('change a setting (needs Managed HSM Administrator); doing it again changes nothing')
    .argument('<hsm>', 'its configured name, or its address')
    .argument('<name>', 'name of the setting')
    .argument('<value>', 'true or false, for all settings known so far')
    .action(async (hsm: string, name: string, value: string, options: CallerOptions) => {
      const admin = await administrationOf(hsm, options, io);
      print(io, options, await forPeople(() => admin.setSetting({ name, value })), (found) => settingTable([found], io));
    });
  withExamples(withCallerOptions(set), [
    ['keep Azure Resource Manager away from keys', 'hsmkeep setting set contoso-hsm AllowKeyManagementOperationsThroughARM false'],
  ]);
}
