import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BICEP_VERSION, findBicep } from '../support/infra/bicep-cli.ts';
import {
  type CompiledRecord,
  compile,
  EXAMPLES,
  hashesOfOutputs,
  hashOfSources,
  RECORD,
  ROOT,
  snapshot,
} from '../support/infra/compiled.ts';

// `node test/infra/compile.ts`, after every change of infra/: makes the compiled templates and the example deployments anew.
const cli = await findBicep();
if ('missing' in cli) throw new Error(cli.missing);

for (const [path, text] of Object.entries(await compile(cli))) writeFileSync(join(ROOT, path), text);
for (const example of EXAMPLES) await snapshot(cli, example, 'overwrite');
const record: CompiledRecord = { bicep: BICEP_VERSION, sources: hashOfSources(), outputs: hashesOfOutputs() };
writeFileSync(join(ROOT, RECORD), `${JSON.stringify(record, null, 2)}\n`);
