import { describe, expect, test } from 'vitest';
import { BICEP_VERSION, findBicep } from '../support/infra/bicep-cli.ts';
import {
  type CompiledRecord,
  compile,
  compileParameters,
  deployment,
  EXAMPLES,
  hashesOfOutputs,
  hashOfSources,
  RECORD,
  read,
  settled,
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

// Side by side: the compiler mostly starts.
describe.skipIf('missing' in cli).concurrent(`compiling infra/${'missing' in cli ? ` (${cli.missing})` : ''}`, () => {
  test('succeeds without a warning and gives the committed templates', { timeout: 240_000 }, async () => {
    const made = await compile(cli);
    expect(Object.keys(made)).toEqual(TEMPLATES.map((template) => `${template}.json`));
    for (const [path, text] of Object.entries(made)) expect(settled(text), `${path} is stale; ${AGAIN}`).toEqual(settled(read(path)));
  });

  test('takes the parameters that azd hands over', { timeout: 240_000 }, async () => {
    const { stdout } = await compileParameters(cli, {
      HSMKEEP_AUTH_CLIENT_ID: '11111111-1111-4111-8111-111111111111',
      HSMKEEP_APPS: '["backup", "restore"]',
    });
    const { parameters } = JSON.parse(JSON.parse(stdout).parametersJson);
    expect(parameters).toMatchObject({ duties: { value: ['backup', 'restore'] }, undoDays: { value: 7 }, hsms: { value: [] } });
  });

  test('gives the committed example deployment', { timeout: 240_000 }, async () => {
    await expect(snapshot(cli, 'everything', 'validate')).resolves.toBeDefined();
  });
});
