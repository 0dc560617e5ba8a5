// Drives one engine in a process of its own: `FOLDER SHAPE COUNT IN_FLIGHT [MODULES]`; with MODULES it is openworkflow. Prints the seconds it took.
import process from 'node:process';
import { openLocalHost } from '../engines/local-host.ts';
import { openOpenWorkflow } from '../engines/openworkflow.ts';

const WARM_UP = 20;

const [folder = '', shape = '', count = '', inFlight = '', modules] = process.argv.slice(2);
const engine = modules ? await openOpenWorkflow(folder, modules) : await openLocalHost(folder);
const work = (times: number): Promise<void> => (shape === 'fan-out' ? engine.fanOut(times) : engine.chains(times, Number(inFlight)));

await work(WARM_UP);
const startedAt = performance.now();
await work(Number(count));
process.stdout.write(`${(performance.now() - startedAt) / 1000}\n`, () => process.exit(0));
