import type { FleetStep } from '../../admin/setup.ts';
import { DUTY_ROLES } from '../../domain/rights/duty-roles.ts';
import type { Io } from '../io.ts';
import { styleFor } from './style.ts';
import { table } from './table.ts';
import { instant } from './words.ts';

const SIGN = { make: '+', give: '+', mend: '~', keep: '=', take: '-', remove: '-', forget: '-' } as const;

/** What setup would do, or did: `+` makes, `~` mends, `-` takes away, `=` is as it should be. */
export function setupTable(steps: readonly FleetStep[], { stdout, env }: Io): string {
  const style = styleFor(stdout, env);
  return table<FleetStep>(
    [
      {
        header: ' ',
        text: ({ change }) => SIGN[change],
        paint: (text, { change }) => (change === 'keep' ? style.dim(text) : style.strong(text)),
      },
      { header: 'HSM', text: (step) => ('hsm' in step ? step.hsm : '') },
      { header: 'WHAT', text: ({ what }) => what },
      { header: 'WHICH', text: which },
    ],
    steps,
    style.dim,
  );
}

function which(step: FleetStep): string {
  switch (step.what) {
    case 'container':
      return step.url;
    case 'canary':
      return `key ${step.key}, with a ciphertext and a signature beside the backups`;
    case 'arm':
      return `note that the right to restore was given until ${instant(step.expiresAt)}`;
    case 'role':
      return `${DUTY_ROLES[step.role].roleName}: ${DUTY_ROLES[step.role].actions.join(', ')}`;
    case 'assignment': {
      const until = step.until === null ? '' : `, until ${instant(step.until)}`;
      return `${DUTY_ROLES[step.role].roleName} at ${step.scope} for ${DUTY_ROLES[step.role].duty ?? 'setup'} ${step.principalId}${until}`;
    }
  }
}
