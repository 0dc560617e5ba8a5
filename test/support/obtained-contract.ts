import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import type { Tags } from '../../src/domain/rotation/tags.ts';
import type { AzureAccess, Candidate, Held, IssuingProvider, ReadableProvider } from '../../src/providers/contract.ts';
import { managementOf, providerContext } from './provider-contract.ts';

/** A real target that makes values itself, made by the provider's own test. */
export type ObtainedTarget = Readonly<{
  tags: Tags;
  azure: AzureAccess;
  /** The value that is published at first. */
  first(): Promise<string>;
  /** Whether the target itself, asked past the provider, accepts a value. */
  accepts(value: string): Promise<boolean>;
  /** Lets the next change reach the target and loses its answer. */
  loseNextAnswer(): Promise<void>;
  stop(): Promise<void>;
}>;

/** What every provider promises whose target makes the values: see `src/providers/contract.ts`. */
export function describeObtainedContract<Spec>(
  provider: IssuingProvider<Spec> | ReadableProvider<Spec>,
  makeTarget: () => Promise<ObtainedTarget>,
): void {
  const any = provider as unknown as IssuingProvider | ReadableProvider;

  describe(`the provider ${provider.id}`, () => {
    let target: ObtainedTarget;
    beforeAll(async () => {
      target = await makeTarget();
    });
    afterAll(() => target?.stop());

    const begin = async () => {
      const management = managementOf(target.tags);
      const rotationId = randomBytes(16).toString('hex');
      const context = providerContext(management, { azure: target.azure, rotationId });
      const spec = any.parse(management);
      const stored = new Sensitive(await target.first());
      const current: Held = { slot: '', value: any.extract(spec, stored) };
      const accepts = ({ value }: Held) => target.accepts(value.use((plain) => plain));
      const plan = () => any.choose(context, spec, current, { strategy: any.capabilities.strategies[0], base: 'v1' });
      /** As the engine has it made. */
      const obtain = async (): Promise<Candidate> => {
        const chosen = await plan();
        if ('issue' in any) return any.issue(context, spec, chosen);
        await any.regenerate(context, spec, chosen.slot);
        return { rotationId, slot: chosen.slot, value: (await any.read(context, spec, chosen.slot)).value };
      };
      return { context, spec, current, stored, accepts, plan, obtain };
    };

    test('finds nothing wrong with a target that is well set up', async () => {
      const { context, spec } = await begin();
      expect((await any.preflight(context, spec)).filter(({ ok }) => !ok)).toEqual([]);
    });

    test('sees that what is published is live, and changes nothing by looking or choosing', async () => {
      const { context, spec, current, accepts, plan } = await begin();
      for (let look = 0; look < 2; look += 1) {
        await plan();
        expect(await any.probe(context, spec, current)).toBe('live');
      }
      expect(await accepts(current)).toBe(true);
    });

    test('does not take a value that the target does not know for live', async () => {
      const { context, spec } = await begin();
      expect(await any.probe(context, spec, { slot: '', value: new Sensitive(randomBytes(64).toString('base64')) })).toBe('not-live');
    });

    test('has a value made that works beside the published one, and ends it again, twice if need be', async () => {
      const { context, spec, current, accepts, obtain } = await begin();
      const made = await obtain();
      expect(await any.probe(context, spec, made)).toBe('live');
      await any.verify(context, spec, made);
      expect([await accepts(made), await accepts(current)]).toEqual([true, true]);

      for (let time = 0; time < 2; time += 1) await any.discard(context, spec, made, [current]);
      expect([await accepts(made), await accepts(current)]).toEqual([false, true]);
      expect(await any.probe(context, spec, made)).toBe('not-live');
    });

    test('ends the old credential, twice if need be, and nothing that is kept', async () => {
      const { context, spec, current, accepts, obtain } = await begin();
      const old = await obtain();
      for (let time = 0; time < 2; time += 1) await any.retire(context, spec, old, [current]);
      expect([await accepts(old), await accepts(current)]).toEqual([false, true]);
      await expect(any.retire(context, spec, current, [current]), 'what is in use is not retired').rejects.toThrow();
      await any.discard(context, spec, { rotationId: 'r', ...current }, [current]);
      expect(await accepts(current)).toBe(true);
    });

    test('says that the outcome is not known when the answer to a change was lost', async () => {
      const { obtain, accepts, current } = await begin();
      await target.loseNextAnswer();
      const thrown = await obtain().then(
        () => expect.fail('it was not lost'),
        (error: unknown) => error,
      );
      expect(any.classify(thrown).kind).toBe('unknown-outcome');
      expect(await accepts(current)).toBe(true);
    });

    test('stores a value so that it is read back', async () => {
      const { spec, stored } = await begin();
      const value = new Sensitive(randomBytes(64).toString('base64'));
      expect(any.extract(spec, any.render(spec, { rotationId: 'r', slot: '', value }, stored)).equals(value)).toBe(true);
    });

    test.each([new Error('canary'), 'canary', { message: 'canary', code: 'canary', statusCode: 'canary' }, undefined])(
      'says what went wrong without a word of what was thrown',
      (thrown) => {
        expect(JSON.stringify(any.classify(thrown))).not.toContain('canary');
      },
    );
  });
}
