import type { Command } from 'commander';
import { type CommandContext, noun, withExamples } from './command.ts';
import { addAssignments } from './role-assignment.ts';
import { addDefinitions } from './role-definition.ts';

/** `hsmkeep role …`: who may do what on an HSM. Talks straight to it, as whoever typed the command. */
export function roleCommand(context: CommandContext): Command {
  const role = noun('role', 'who may do what on an HSM: its local roles, and who has them; as yourself, without the app');
  addDefinitions(role, context);
  addAssignments(role, context);
  return withExamples(role, [
    ['who may do what?', 'hsmkeep role assignment list contoso-hsm'],
    ['what does a role allow?', 'hsmkeep role definition get contoso-hsm "Managed HSM Backup User"'],
  ]);
}
