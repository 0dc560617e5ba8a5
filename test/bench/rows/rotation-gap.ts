import { startRotations } from '../../support/rotations.ts';
import type { Row } from '../runner/row.ts';

const SECRETS = 200;
/** As many as a sweep has under way on one server. */
const AT_ONCE = 2;

/** For how long logins fail on a target that knows one password: from sending the change until the vault has the version. */
export const rotationGap: Row = {
  name: 'rotation-gap',
  title: `${SECRETS} rotations on a target with one password`,
  async measure({ progress }) {
    const { stack, kv, stop } = await startRotations({ hsms: [], timers: false });
    try {
      const names = Array.from({ length: SECRETS }, (_, index) => `single-${index}`);
      for (const name of names) await kv.makeOwn(name, { 'rot-policy': 'strategy=single' });
      progress(`${SECRETS} rotations, ${AT_ONCE} at once …`);
      const gaps: number[] = [];
      const rotateRest = async (): Promise<void> => {
        for (let name = names.pop(); name !== undefined; name = names.pop()) {
          const { result } = await stack.runEnd(await kv.ask(name));
          if (typeof result?.['gapMs'] !== 'number') throw new Error(`${name} was not rotated: ${JSON.stringify(result)}`);
          gaps.push(result['gapMs']);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, rotateRest));
      return [
        {
          what: 'single password, gap between apply and publish, p99',
          unit: 'ms',
          ours: quantile(gaps, 0.99),
          target: { of: 'ours', atMost: 1_000 },
          note: `median ${quantile(gaps, 0.5)} ms; a webhook and the emulated vault answer at once, so on Azure two round trips come on top`,
        },
      ];
    } finally {
      await stop();
    }
  },
};

/** The smallest value that so large a share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
