import { extractValue, FormatError, renderValue, type ValueFormat } from '../domain/rotation/value-format.ts';
import { ConfigFailure, type RotationProvider } from './contract.ts';
import { randomValue } from './random-value.ts';

type GeneratedSpec = Readonly<{ format: ValueFormat }>;

/**
 * A random value for applications that only read it: a signing key, a session secret, an API key that the application itself checks.
 *
 * There is no target, so every value counts as accepted, and consumers decide how long they take the old one: it stays readable as the
 * earlier version.
 */
export const generated: RotationProvider<GeneratedSpec> = {
  id: 'generated',
  capabilities: { strategies: ['multi'], origin: 'caller', probes: ['metadata'], targetLock: 'none', applyWindowMs: 0 },

  parse({ target, policy }) {
    if (target !== '') throw new ConfigFailure('rot-target is set, and the provider generated has no target', 'Remove the tag rot-target.');
    return { format: policy.format };
  },
  preflight: async () => [],
  choose: async (_context, _spec, _current, { strategy, base }) => ({ strategy, base, slot: '' }),
  generate: async ({ rotationId, management, random }, _spec, { slot }) => ({
    rotationId,
    slot,
    value: randomValue(management.policy, random),
  }),

  probe: async () => 'live',
  apply: async () => {},
  verify: async () => {},
  render: ({ format }, { value }, previous) => renderValue(format, value, previous),
  extract: ({ format }, stored) => extractValue(format, stored),

  retire: async () => {},
  discard: async () => {},
  classify(thrown) {
    if (thrown instanceof ConfigFailure) return { kind: 'config', code: 'Tags', hint: thrown.hint };
    if (thrown instanceof FormatError)
      return { kind: 'config', code: 'Format', hint: 'Compare the value with format in the tag rot-policy.' };
    return { kind: 'transient', code: 'Unexpected' };
  },
};
