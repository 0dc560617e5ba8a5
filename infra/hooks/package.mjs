// Makes the package that azd deploys, for the store that the environment uses.
import { fileURLToPath } from 'node:url';
import { hook, run } from './command.mjs';

hook((env) => {
  const scheduler = env.HSMKEEP_DURABLE_STORE === 'durable-task-scheduler' ? ['--durable-task-scheduler'] : [];
  console.log(run(process.execPath, fileURLToPath(new URL('../../scripts/launch.mjs', import.meta.url)), 'package', ...scheduler));
});
