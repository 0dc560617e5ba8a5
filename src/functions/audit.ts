import { type AuditedEnd, auditedEnd } from '../domain/audit.ts';
import { defineRoute } from './define-route.ts';
import { HttpProblem } from './problem.ts';
import * as schemas from './schemas.ts';

export const audit = defineRoute({
  name: 'audit',
  route: 'audit',
  duties: ['backup', 'restore', 'rotate'],
  methods: {
    GET: {
      role: 'viewer',
      summary: 'Which runs the audit trail has the end of, on one day (UTC), whichever app wrote them',
      query: { day: 'Such as 2026-11-22; default today' },
      answers: { 200: { description: 'The ends of runs', schema: schemas.auditDay } },
      async handle({ query }, { clients, now }) {
        const day = query.get('day') ?? now.slice(0, 'yyyy-MM-dd'.length);
        if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)))
          throw new HttpProblem(400, { message: `${day.slice(0, 40)} is no day.`, hint: 'Such as 2026-11-22.' });

        const ends = new Map<string, AuditedEnd>();
        let unreadable = 0;
        for await (const line of clients.audit.read(day)) {
          const end = auditedEnd(line);
          if (end === 'unreadable') unreadable += 1;
          else if (end !== 'step') ends.set(end.run, end);
        }
        return { jsonBody: { day, value: [...ends.values()], unreadable } };
      },
    },
  },
});
