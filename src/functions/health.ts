import { summariseHealth } from '../domain/hsm-view.ts';
import { defineRoute, type Tools } from './define-route.ts';
import { viewHsms } from './hsm-views.ts';
import * as schemas from './schemas.ts';

/** Anybody may ask, so not every question reaches storage. */
const FRESH_MS = 10_000;

const latest = (() => {
  let asked: { at: number; clients: Tools['clients']; answer: Promise<ReturnType<typeof summariseHealth>> } | undefined;
  return (tools: Tools) => {
    const at = Date.parse(tools.now);
    if (!asked || asked.clients !== tools.clients || Math.abs(at - asked.at) > FRESH_MS) {
      asked = { at, clients: tools.clients, answer: viewHsms(tools).then(summariseHealth) };
    }
    return asked.answer;
  };
})();

/** For monitors: 503 while any HSM has no young enough proven backup. Anonymous, so it names nobody. */
export const health = defineRoute({
  name: 'health',
  route: 'health',
  duties: ['backup', 'restore', 'rotate'],
  methods: {
    GET: {
      role: null,
      summary: 'Whether every HSM has a young enough proven backup',
      answers: {
        200: { description: 'All is well', schema: schemas.health },
        503: { description: 'An HSM is without', schema: schemas.health },
      },
      async handle(_request, tools) {
        const answer = await latest(tools);
        return { status: answer.status === 'ok' ? 200 : 503, jsonBody: answer };
      },
    },
  },
});
