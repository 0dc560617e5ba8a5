import type { DatabaseSync } from 'node:sqlite';
import type { EventDelivery } from './events.ts';
import { type EndpointRoute, frontEnd } from './http/service-endpoint.ts';
import { jobRoutes } from './jobs/routes.ts';
import type { JobRunner } from './jobs/runner.ts';
import { keyRoutes } from './keys/routes.ts';
import { assignmentRoutes } from './rbac/assignment-routes.ts';
import { accessDenied, isAllowed } from './rbac/authorize.ts';
import { definitionRoutes } from './rbac/definition-routes.ts';
import { settingsRoutes } from './rbac/settings-routes.ts';
import { secretRoutes } from './secrets/routes.ts';
import type { EmulatorClock, Service } from './service.ts';

type Common = Readonly<{ db: DatabaseSync; clock: EmulatorClock }>;

/** @param superUser Object id of the default identity, which may do everything whatever the role assignments say. */
export function hsmService(name: string, { db, clock, superUser }: Common & { superUser: string }): Service {
  return {
    kind: 'hsm',
    name,
    db,
    clock,
    authorize: ({ objectId }, dataAction, scope) => {
      if (objectId !== superUser && !isAllowed(db, name, objectId, dataAction, scope)) throw accessDenied(dataAction, scope);
    },
    emit: () => undefined,
  };
}

export const vaultService = (name: string, { db, clock, events }: Common & { events: EventDelivery }): Service => ({
  kind: 'vault',
  name,
  db,
  clock,
  authorize: () => undefined,
  emit: (event) => events.emit(name, event),
});

/** Everything an HSM serves. Jobs come first: `PUT /keys/:name/restore` is one of theirs. */
export const hsmRoutes = (jobs: JobRunner): EndpointRoute[] => [
  ...jobRoutes(jobs),
  ...frontEnd([...definitionRoutes, ...assignmentRoutes, ...settingsRoutes, ...keyRoutes]),
];

export const vaultRoutes = (): EndpointRoute[] => frontEnd(secretRoutes);
