import type { Clients } from '../clients/clients.ts';
import type { SecretRef } from '../clients/vault-secret.ts';
import { HttpProblem } from './problem.ts';

/**
 * The secret that a request names, in a vault where something may be started.
 *
 * @throws {HttpProblem} for what is no name, and for a vault that is only observed.
 */
export function secretToWorkOn({ vaultConfig }: Pick<Clients, 'vaultConfig'>, params: Readonly<Record<string, string>>): SecretRef {
  const vault = vaultConfig(params['vault'] ?? '');
  const name = params['name'] ?? '';
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name))
    throw new HttpProblem(400, { message: `${name} is no name of a secret.`, hint: 'GET /api/secrets lists them.' });
  if (vault.rotation !== 'on')
    throw new HttpProblem(409, {
      message: `${vault.name} is only observed: hsmkeep rotates nothing there.`,
      hint: 'Set "rotation": "on" and an "escrowVault" for this vault in the configuration.',
    });
  return { vault: vault.name, name };
}
