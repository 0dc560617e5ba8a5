import { defineRoute } from './define-route.ts';
import { viewHsm, viewHsms } from './hsm-views.ts';
import * as schemas from './schemas.ts';

export const hsms = defineRoute({
  name: 'hsms',
  route: 'hsms',
  duties: ['backup', 'restore'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'Every configured HSM and how its backups stand',
      answers: { 200: { description: 'The HSMs', schema: schemas.pageOf(schemas.hsm) } },
      handle: async (_request, tools) => ({ jsonBody: { value: await viewHsms(tools) } }),
    },
  },
});

export const hsm = defineRoute({
  name: 'hsm',
  route: 'hsms/{hsm}',
  duties: ['backup', 'restore'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'One HSM and how its backups stand',
      answers: { 200: { description: 'The HSM', schema: schemas.hsm } },
      handle: async ({ params }, tools) => ({ jsonBody: await viewHsm(tools, tools.clients.hsmConfig(params['hsm'] ?? '')) }),
    },
  },
});
