import type { Permission } from './roles.ts';

/** Whether a permission allows a data action, which is written in full. Case does not matter; `*` stands for anything. */
export const allows = ({ dataActions, notDataActions }: Permission, action: string): boolean =>
  dataActions.some((pattern) => fits(pattern, action)) && !notDataActions.some((pattern) => fits(pattern, action));

function fits(pattern: string, action: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 'i').test(action);
}
