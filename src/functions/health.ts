import { summariseHealth } from '../domain/hsm-view.ts';
import { defineRoute } from './define-route.ts';
import { viewHsms } from './hsm-views.ts';
import * as schemas from './schemas.ts';

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
        const answer = summariseHealth(await viewHsms(tools));
        return { status: answer.status === 'ok' ? 200 : 503, jsonBody: answer };
      },
    },
  },
});
