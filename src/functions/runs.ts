import { RefusedError, TransientError } from '../clients/errors.ts';
import { listRunIds, listRuns, readRun, readRuns } from '../clients/runs.ts';
import { currentRun, type InstanceFacts } from '../domain/live-run.ts';
import { RUN_KINDS, type Run, type RunKind } from '../domain/run.ts';
import { defineRoute, type Tools } from './define-route.ts';
import { pageOf, pageRequest, periodOf } from './paging.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';
import { findInstance, isLive } from './start-run.ts';

export const runs = defineRoute({
  name: 'runs',
  route: 'runs',
  duties: ['backup', 'restore', 'rotate'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'Runs, newest first',
      query: {
        kind: RUN_KINDS.join(' | '),
        subject: 'The HSM',
        from: 'Only those planned or asked for since this day or instant (UTC)',
        to: 'With from: and before this one; default now',
        top: 'How many at most (100)',
        skip: 'How many to leave out',
      },
      answers: { 200: { description: 'The runs', schema: schemas.pageOf(schemas.run) } },
      async handle({ query, url }, tools) {
        const kind = query.get('kind') as RunKind | null;
        if (kind !== null && !RUN_KINDS.includes(kind))
          throw new HttpProblem(400, { message: `There are no runs of kind ${kind}.`, hint: `Kinds: ${RUN_KINDS.join(', ')}.` });
        const { top, skip } = pageRequest(query);
        const subject = query.get('subject');
        const filter = { ...(kind !== null && { kind }), ...(subject !== null && { subject }) };
        const period = periodOf(query, tools.now);
        if (period) {
          const ids = pageOf(await listRunIds(tools.clients.documents, filter, period.from, period.to), url);
          const read = new Map((await readRuns(tools.clients.documents, ids.value)).map((record) => [record.id, record]));
          const records = ids.value.flatMap((id) => read.get(id) ?? []);
          return { jsonBody: { ...ids, value: await Promise.all(records.map((record) => asItStands(tools, record.id, record))) } };
        }
        // One more than the page tells whether there is a next one.
        const recorded = await listRuns(tools.clients.documents, filter, skip + top + 1, tools.now.slice(0, 'yyyy-MM'.length));
        const page = pageOf(recorded, url);
        return { jsonBody: { ...page, value: await Promise.all(page.value.map((record) => asItStands(tools, record.id, record))) } };
      },
    },
  },
});

export const run = defineRoute({
  name: 'run',
  route: 'runs/{id}',
  duties: ['backup', 'restore', 'rotate'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'One run with its steps',
      answers: { 200: { description: 'The run', schema: schemas.run } },
      async handle({ params }, tools) {
        const id = params['id'] ?? '';
        const found = await findRun(tools, id);
        if (!found) throw new HttpProblem(404, { message: `There is no run ${id}.`, hint: 'GET /api/runs lists them.' });
        return { jsonBody: found, ...(found.endedAt ? {} : { headers: { 'retry-after': '1' } }) };
      },
    },
  },
});

/** While storage says nothing, the orchestration itself may still tell. */
async function findRun(tools: Tools, id: string): Promise<Run | undefined> {
  try {
    return await asItStands(tools, id, await readRun(tools.clients.documents, id));
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
    const found = await asItStands(tools, id, undefined);
    if (found) return found;
    throw error;
  }
}

async function asItStands({ durable, now }: Pick<Tools, 'durable' | 'now'>, id: string, record: Run | undefined): Promise<Run | undefined> {
  if (record?.endedAt) return record;
  const instance = await findInstance(durable, id);
  const facts: InstanceFacts | undefined = instance && {
    live: isLive(instance),
    runtimeStatus: String(instance.runtimeStatus),
    customStatus: instance.customStatus,
  };
  return currentRun(record, facts, now) ?? (instance && justStarted(id, instance.createdTime));
}

/** The orchestration is there and has not said anything yet. */
function justStarted(id: string, createdTime: Date): Run | undefined {
  const [, kind, subject] = /^(backup|prune|pre-restore|restore|drill|rotation)-(.+)-\d{8}T\d{4,9}Z$/.exec(id) ?? [];
  if (!kind || !subject) return undefined;
  return {
    schema: 'hsmkeep.run/1',
    id,
    kind: kind as RunKind,
    subject,
    status: 'Running',
    startedAt: new Date(createdTime).toISOString(),
    endedAt: null,
    steps: [],
  };
}
