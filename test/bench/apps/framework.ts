// The least that any Durable Functions app loads: the two framework packages and one function of each kind that hsmkeep has.
import { app } from '@azure/functions';
import * as df from 'durable-functions';

df.app.orchestration('nothing', function* () {});
df.app.activity('nothingAtAll', { handler: () => undefined });
app.timer('never', { schedule: '0 0 0 29 2 *', handler: () => undefined });
