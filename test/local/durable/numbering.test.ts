import { expect, test } from 'vitest';
import { ended, openEngine, start } from './support/engines.ts';
import { fixtureApp } from './support/fixture-app.ts';
import { withNumberingCheck } from './support/numbering-check.ts';
import { SCENARIOS } from './support/scenarios.ts';

const MAXIMUM_SHORT_MS = 300;

test.each(SCENARIOS)('numbers calls as the wire does: $title', async ({ name, input, meanwhile }) => {
  const { app, report } = withNumberingCheck(await fixtureApp(), MAXIMUM_SHORT_MS);
  const engine = await openEngine({ app, maxMessagesPerEpisode: 1 });

  const instanceId = await start(engine, name, input);
  await meanwhile?.(engine, instanceId);
  await ended(engine, instanceId);

  expect(report.differences).toEqual([]);
});

test('the second opinion compares many numbers, follow-ups of retries and long timers among them', async () => {
  const { app, report } = withNumberingCheck(await fixtureApp(), MAXIMUM_SHORT_MS);
  const engine = await openEngine({ app, maxMessagesPerEpisode: 1 });

  await ended(engine, await start(engine, 'fanOutWithRetries'));
  await ended(engine, await start(engine, 'waits', { ms: 750 }));

  expect(report.compared).toBeGreaterThan(300);
});
