// Subscribes the rotate app to the events of the vaults, now that its code is there.
import { fileURLToPath } from 'node:url';
import { hook, needed, run, withJsonFile } from './command.mjs';

const SCHEMA = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#';

hook((env) => {
  const topics = JSON.parse(env.HSMKEEP_TOPICS || '[]');
  if (env.HSMKEEP_DEPLOY_ROTATE !== 'True' || topics.length === 0) {
    console.log('hsmkeep: no vault to take events from');
    return;
  }
  const values = {
    topics,
    functionAppId: needed(env, 'HSMKEEP_ROTATE_APP'),
    undeliveredAccountId: needed(env, 'HSMKEEP_UNDELIVERED_ACCOUNT'),
    queueAccountId: env.HSMKEEP_QUEUE_ACCOUNT ?? '',
  };
  const parameters = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
  const template = fileURLToPath(new URL('../events.json', import.meta.url));

  withJsonFile({ $schema: SCHEMA, contentVersion: '1.0.0.0', parameters }, (file) =>
    run(
      'az',
      ...['deployment', 'sub', 'create', '--name', `hsmkeep-events-${needed(env, 'AZURE_ENV_NAME')}`],
      ...['--subscription', needed(env, 'AZURE_SUBSCRIPTION_ID'), '--location', needed(env, 'AZURE_LOCATION')],
      ...['--template-file', template, '--parameters', `@${file}`, '--output', 'none'],
    ),
  );
  console.log(`hsmkeep: events of ${topics.length} ${topics.length === 1 ? 'vault reach' : 'vaults reach'} the rotate app`);
});
