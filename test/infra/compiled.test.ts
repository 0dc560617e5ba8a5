import { describe, expect, test } from 'vitest';
import { BICEP_VERSION, findBicep } from '../support/infra/bicep-cli.ts';
import {
  type CompiledRecord,
  compile,
  deployment,
  EXAMPLES,
  hashesOfOutputs,
  hashOfSources,
  RECORD,
  read,
  snapshot,
  TEMPLATES,
} from '../support/infra/compiled.ts';

const cli = await findBicep();
const AGAIN = 'make them anew: node test/infra/compile.ts';

describe('what the compiler made of infra/', () => {
  const record: CompiledRecord = JSON.parse(read(RECORD));

  test('is of the sources as they are now', () => {
    expect(record.sources, AGAIN).toBe(hashOfSources());
    expect(record.bicep).toBe(BICEP_VERSION);
  });

  test('was not edited by hand', () => expect(hashesOfOutputs(), AGAIN).toEqual(record.outputs));

  test.each(EXAMPLES)('has no finding about the example %s', (example) => {
    const { diagnostics, predictedResources } = deployment(example);
    expect(diagnostics).toEqual([]);
    expect(predictedResources.length).toBeGreaterThan(0);
  });
});

describe.skipIf('missing' in cli)(`compiling infra/${'missing' in cli ? ` (${cli.missing})` : ''}`, () => {
  test('succeeds without a warning and gives the committed templates', async () => {
    const made = await compile(cli);
    expect(Object.keys(made)).toEqual(TEMPLATES.map((template) => `${template}.json`));
    for (const [path, text] of Object.entries(made)) expect(text === read(path), `${path} is stale; ${AGAIN}`).toBe(true);
  });

  test('gives the committed example deployment', async () => {
    await expect(snapshot(cli, 'everything', 'validate')).resolves.toBeDefined();
  });
});
