import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { BICEP_VERSION, findBicep } from '../support/infra/bicep-cli.ts';
import {
  type CompiledRecord,
  compile,
  EXAMPLES,
  hashesOfOutputs,
  hashOfSources,
  outputFiles,
  RECORD,
  ROOT,
  read,
  settled,
  snapshot,
} from '../support/infra/compiled.ts';

// `node test/infra/compile.ts`, after every change of infra/: makes the compiled templates and the example deployments anew.
const cli = await findBicep();
if ('missing' in cli) throw new Error(cli.missing);

const before = new Map(outputFiles().map((path) => [path, read(path)]));
for (const [path, text] of Object.entries(await compile(cli))) writeFileSync(join(ROOT, path), text);
for (const example of EXAMPLES) await snapshot(cli, example, 'overwrite');

// The compiler puts some things into another order each time: what says the same stays as it was.
for (const [path, text] of before) if (isDeepStrictEqual(settled(read(path)), settled(text))) writeFileSync(join(ROOT, path), text);

const record: CompiledRecord = { bicep: BICEP_VERSION, sources: hashOfSources(), outputs: hashesOfOutputs() };
writeFileSync(join(ROOT, RECORD), `${JSON.stringify(record, null, 2)}\n`);
