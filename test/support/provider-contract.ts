import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../src/domain/rotation/sensitive.ts';
import { type Management, parseManagement, type Tags } from '../../src/domain/rotation/tags.ts';
import type { AzureAccess, Held, ProviderContext, RotationProvider } from '../../src/providers/contract.ts';

/** A real target for a provider, made by its own test. */
export type ProviderTarget = Readonly<{
  /** The tags of a secret for it. */
  tags: Tags;
  /** The value that the target accepts at first. */
  first: string;
  /** The credential that `rot-admin` stands for. */
  admin?: string;
  /** Whether the target itself, asked past the provider, accepts a value. Left out where there is no target that could refuse. */
  accepts?(slot: string, value: string): Promise<boolean>;
  /** Lets the next request reach the target and loses its answer; left out where nothing is sent. */
  loseNextAnswer?(): Promise<void>;
  stop(): Promise<void>;
}>;

/** For providers that have nothing to do with Azure. */
const NO_AZURE: AzureAccess = {
  credential: { getToken: () => Promise.reject(new Error('this provider has no business with Azure')) },
  tenantId: '',
  endpoints: { arm: '', graph: '', authority: '' },
};

/** What a provider is given in tests. */
export function providerContext(
  management: Management,
  {
    admin,
    rotationId = 'r1',
    azure = NO_AZURE,
    published,
  }: { admin?: string; rotationId?: string; azure?: AzureAccess; published?: Held } = {},
): ProviderContext {
  return {
    rotationId,
    secret: { vault: 'contoso-kv', name: 'db' },
    management,
    ...(published && { published }),
    signal: AbortSignal.timeout(20_000),
    now: () => Date.now(),
    random: (bytes) => randomBytes(bytes),
    admin: (use) => use(admin === undefined ? 'self' : new Sensitive(admin)),
    takeLogin: () => true,
    azure,
  };
}

export function managementOf(tags: Tags): Management {
  const parsed = parseManagement(tags);
  if (parsed.status !== 'managed' || parsed.mistakes.length > 0) throw new Error(`The tags of the test are no good: ${inspect(parsed)}`);
  return parsed.management;
}

/** What every provider promises, whoever wrote it: see `src/providers/contract.ts`. */
export function describeProviderContract<Spec>(provider: RotationProvider<Spec>, makeTarget: () => Promise<ProviderTarget>): void {
  const any = provider as unknown as RotationProvider;

  describe(`the provider ${provider.id}`, () => {
    let target: ProviderTarget;
    beforeAll(async () => {
      target = await makeTarget();
    });
    afterAll(() => target?.stop());

    const begin = async () => {
      const management = managementOf(target.tags);
      const rotationId = randomBytes(8).toString('hex');
      const context = providerContext(management, { ...(target.admin && { admin: target.admin }), rotationId });
      const spec = any.parse(management);
      const stored = new Sensitive(target.first);
      const strategy = any.capabilities.strategies[0];
      const current: Held = { slot: management.principal, value: any.extract(spec, stored) };
      const plan = await any.choose(context, spec, current, { strategy, base: 'v1' });
      const candidate = await any.generate(context, spec, plan);
      const accepts = async (held: Held) =>
        (await target.accepts?.(
          held.slot,
          held.value.use((plain) => plain),
        )) ?? true;
      return { context, spec, current, plan, candidate, accepts, stored };
    };
    const plain = (value: Sensitive) => value.use((text) => text);

    test('finds nothing wrong with a target that is well set up', async () => {
      const { context, spec } = await begin();
      expect((await any.preflight(context, spec)).filter(({ ok }) => !ok)).toEqual([]);
    });

    test('makes another value each time, of the shape that the policy asks for', async () => {
      const { context, spec, plan, candidate } = await begin();
      const other = await any.generate(context, spec, plan);
      expect(candidate.value.equals(other.value)).toBe(false);
      expect(plain(candidate.value)).toMatch(/^[\w-]{40}$/);
      expect(candidate).toMatchObject({ rotationId: context.rotationId, slot: plan.slot });
    });

    test('sees that what is published is live, and changes nothing by looking', async () => {
      const { context, spec, current, accepts } = await begin();
      for (let look = 0; look < 3; look += 1) expect(await any.probe(context, spec, current)).toBe('live');
      expect(await accepts(current)).toBe(true);
    });

    test('sees a candidate live after apply, once or twice, and what is to be kept too', async () => {
      const { context, spec, current, candidate, accepts } = await begin();
      if (target.accepts) expect(await any.probe(context, spec, candidate)).not.toBe('live');
      for (let time = 0; time < 2; time += 1) {
        await any.apply(context, spec, candidate, [current]);
        expect(await any.probe(context, spec, candidate)).toBe('live');
        await any.verify(context, spec, candidate);
        expect([await accepts(candidate), await accepts(current)]).toEqual([true, true]);
      }
      await any.discard(context, spec, candidate, [current]);
    });

    test('takes a candidate back that was never published, twice if need be, and nothing that is kept', async () => {
      const { context, spec, current, candidate, accepts } = await begin();
      await any.apply(context, spec, candidate, [current]);
      for (let time = 0; time < 2; time += 1) await any.discard(context, spec, candidate, [current]);
      expect(await accepts(current)).toBe(true);
      if (target.accepts) expect(await accepts(candidate)).toBe(false);
    });

    test('ends the old credential, twice if need be, and nothing that is kept', async () => {
      const { context, spec, current, candidate: old, accepts } = await begin();
      await any.apply(context, spec, old, [current]);
      expect(await accepts(old)).toBe(true);
      for (let time = 0; time < 2; time += 1) await any.retire(context, spec, old, [current]);
      expect(await accepts(current)).toBe(true);
      if (target.accepts) {
        expect(await accepts(old)).toBe(false);
        await expect(any.retire(context, spec, current, [current]), 'what is in use is not retired').rejects.toThrow();
        expect(await accepts(current)).toBe(true);
      }
    });

    test('can tell, or says that it cannot, when the answer to apply was lost', async () => {
      if (!target.loseNextAnswer) return;
      const { context, spec, current, candidate } = await begin();
      await target.loseNextAnswer();
      const thrown = await any.apply(context, spec, candidate, [current]).catch((error: unknown) => error);
      expect(any.classify(thrown).kind).toMatch(/unknown-outcome|transient/);
      expect(['live', 'unknown']).toContain(await any.probe(context, spec, candidate));
      await any.discard(context, spec, candidate, [current]);
    });

    test('stores a value so that it is read back', async () => {
      const { spec, candidate, stored } = await begin();
      const rendered = any.render(spec, candidate, stored);
      expect(any.extract(spec, rendered).equals(candidate.value)).toBe(true);
    });

    test.each([new Error('canary'), 'canary', { message: 'canary', sql: 'canary', code: 'canary' }, undefined])(
      'says what went wrong without a word of what was thrown',
      (thrown) => {
        expect(JSON.stringify(any.classify(thrown))).not.toContain('canary');
      },
    );
  });
}
