import type { Clients } from '../clients/clients.ts';
import type { DrillConfig, HsmConfig } from '../config/config.ts';
import { noDrillConfigured } from '../domain/drill/problems.ts';
import { drillTarget } from '../domain/drill/target.ts';
import { NotFoundError, OperatorError } from '../domain/errors.ts';

/** The drill of an HSM, with an HSM that it may go into. */
export type ConfiguredDrill = Readonly<{ source: HsmConfig; target: HsmConfig; drill: DrillConfig }>;

/**
 * What the configuration says of the drill of an HSM. Asked before each step that destroys something: a configuration may have changed since
 * the run began.
 *
 * @throws {NotFoundError} when there is no drill; {OperatorError} when it would go into an HSM that is kept.
 */
export function requireDrill({ config, hsmConfig }: Pick<Clients, 'config' | 'hsmConfig'>, hsm: string): ConfiguredDrill {
  const source = hsmConfig(hsm);
  if (!source.drill) {
    const { message, hint } = noDrillConfigured(source.name);
    throw new NotFoundError(message, hint);
  }
  const found = drillTarget(source, source.drill.into, config);
  if ('problem' in found) throw new OperatorError(found.problem.message, found.problem.hint);
  return { source, target: found.target, drill: source.drill };
}
