import { join } from 'node:path';
import { bundleInto, packageInto, ROOT } from '../../support/bundle.ts';
import type { Figure } from '../runner/figure.ts';
import { inTurn, medianOf } from '../runner/rounds.ts';
import type { Row } from '../runner/row.ts';
import { APP_SETTINGS } from '../support/app-settings.ts';
import { loadFunctionApp, runNode, type Usage } from '../support/child.ts';

const ROUNDS = 15;

/** What a cold start pays before the first request: processor time and memory to load the app and register its functions. */
export const load: Row = {
  name: 'load',
  title: 'load of the deployed bundle, beside the two framework packages and the app unbundled',
  async measure({ folder, rounds, progress }) {
    progress('packaging …');
    const { app } = await packageInto(join(folder, 'package'));
    const framework = await bundleInto(join(folder, 'framework'), 'test/bench/apps/framework.ts');
    const cache = { NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
    const run =
      (path: string, env = {}) =>
      () =>
        loadFunctionApp(path, { ...APP_SETTINGS, ...env });
    const variants = {
      deployed: run(join(app, 'start.js'), cache),
      bundled: run(join(app, 'main.js')),
      unbundled: run(join(ROOT, 'dist/main.js')),
      eager: run(join(ROOT, 'test/bench/apps/eager.mjs')),
      framework: run(framework.main),
      frameworkCached: run(framework.start, cache),
      bare: () => runNode(['--eval', '0']),
    };

    progress('warming file and compile caches …');
    await inTurn(1, variants);
    progress(`${Object.keys(variants).length} variants in turn …`);
    const samples = await inTurn(rounds(ROUNDS), variants);
    const { deployed, bundled, unbundled, eager } = samples;
    const functions = sameCount({ deployed, bundled, unbundled, eager });
    return figures(samples, functions);
  },
};

type Variant = 'deployed' | 'bundled' | 'unbundled' | 'eager' | 'framework' | 'frameworkCached' | 'bare';

function figures(samples: Readonly<Record<Variant, readonly Usage[]>>, functions: number): Figure[] {
  const of = (usage: 'cpuMs' | 'wallMs' | 'peakMiB', unit: string) => (variant: Variant, name: string, baseline: Variant) => ({
    unit,
    ours: medianOf(samples[variant], (sample) => sample[usage]),
    baseline: { name, value: medianOf(samples[baseline], (sample) => sample[usage]) },
  });
  const cpu = of('cpuMs', 'ms');
  const wall = of('wallMs', 'ms');
  const peak = of('peakMiB', 'MiB');
  return [
    {
      what: 'load of the deployed bundle, cpu',
      ...cpu('deployed', 'bundle of the framework packages', 'framework'),
      target: { of: 'ratio', atMost: 1.1 },
      note: `${functions} functions registered in every variant; ours with a compile cache, this baseline without, as the target was set`,
    },
    { what: 'load of the deployed bundle, cpu', ...cpu('deployed', 'the same with a compile cache', 'frameworkCached') },
    { what: 'load of the bundle without compile cache, cpu', ...cpu('bundled', 'bundle of the framework packages', 'framework') },
    {
      what: 'load of the deployed bundle, cpu',
      ...cpu('deployed', 'app unbundled, SDKs loaded at the start', 'eager'),
      target: { of: 'ratio', atMost: 0.35 },
    },
    { what: 'load of the deployed bundle, cpu', ...cpu('deployed', 'dist/main.js, unbundled', 'unbundled') },
    { what: 'load of the deployed bundle, wall', ...wall('deployed', 'app unbundled, SDKs loaded at the start', 'eager') },
    { what: 'load of the deployed bundle, peak memory', ...peak('deployed', 'app unbundled, SDKs loaded at the start', 'eager') },
    { what: 'load of the deployed bundle, peak memory', ...peak('deployed', 'bare Node', 'bare') },
  ];
}

/** A bundle that drops functions would look fast. @throws {Error} */
function sameCount(variants: Readonly<Record<string, readonly Usage[]>>): number {
  const counts = Object.entries(variants).map(([name, samples]) => ({ name, counts: new Set(samples.map(({ functions }) => functions)) }));
  const all = new Set(counts.flatMap((variant) => [...variant.counts]));
  const [count = 0] = all;
  if (all.size !== 1 || count === 0) {
    const found = counts.map((variant) => `${variant.name} ${[...variant.counts]}`).join(', ');
    throw new Error(`Variants registered different numbers of functions: ${found}. Is dist older than src? npm run build makes it anew.`);
  }
  return count;
}
