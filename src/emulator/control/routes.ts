import { z } from 'zod';
import { armSchema, type StorageAccounts } from '../arm/accounts.ts';
import type { MovableClock } from '../clock.ts';
import { type Applications, graphSchema } from '../graph/applications.ts';
import { type FaultBook, faultSchema } from '../http/faults.ts';
import { type JsonRoute, json, RequestError } from '../http/json-endpoint.ts';
import type { RequestLog } from '../http/request-log.ts';
import type { Directory } from '../identity/directory.ts';
import { APP_AUDIENCE, type TokenService } from '../identity/tokens.ts';
import type { VaultLimits } from '../limits.ts';
import { limitsSchema } from '../limits.ts';
import type { ReadyInfo } from '../options.ts';
import { bodyAs } from './body.ts';
import { type PrincipalRoles, principalSchema } from './principals.ts';

export type ControlOptions = Readonly<{
  clock: MovableClock;
  faults: FaultBook;
  log: RequestLog;
  limits: VaultLimits;
  accounts: StorageAccounts;
  applications: Applications;
  directory: Directory;
  tokens: TokenService;
  principals: PrincipalRoles;
  ready: () => ReadyInfo;
}>;

const clockMove = z.union([
  z.strictObject({ now: z.union([z.iso.datetime({ offset: true }), z.int()]) }),
  z.strictObject({ advanceMs: z.int() }),
]);

const tokenRequest = z.strictObject({
  user: z.string(),
  audience: z.string().default(APP_AUDIENCE),
  expiresInSeconds: z.int().optional(),
});

const LONGEST_WAIT_MS = 60_000;

/** The control interface: what tests and demos do to the emulator that no client of Azure could. Loopback only, and without a token. */
export function controlRoutes(options: ControlOptions): JsonRoute[] {
  return [
    { method: 'GET', path: '/_emulator/ready', handle: () => json(200, options.ready()) },
    ...requestRoutes(options),
    ...faultRoutes(options),
    ...clockRoutes(options),
    ...identityRoutes(options),
    { method: 'GET', path: '/_emulator/limits', handle: () => json(200, options.limits.state) },
    {
      method: 'PUT',
      path: '/_emulator/limits',
      handle: async (request) => json(200, options.limits.set(await bodyAs(limitsSchema, request))),
    },
    ...targetRoutes(options),
  ];
}

/** How slow the targets of rotations are. */
const targetRoutes = ({ accounts, applications }: ControlOptions): JsonRoute[] => [
  { method: 'GET', path: '/_emulator/arm', handle: () => json(200, accounts.settings) },
  { method: 'PUT', path: '/_emulator/arm', handle: async (request) => json(200, accounts.set(await bodyAs(armSchema, request))) },
  { method: 'GET', path: '/_emulator/graph', handle: () => json(200, applications.settings) },
  { method: 'PUT', path: '/_emulator/graph', handle: async (request) => json(200, applications.set(await bodyAs(graphSchema, request))) },
];

const requestRoutes = ({ log }: ControlOptions): JsonRoute[] => [
  {
    method: 'GET',
    path: '/_emulator/requests',
    handle: ({ query }) => json(200, { value: log.list(Number(query.get('after') ?? 0)) }),
  },
  {
    method: 'DELETE',
    path: '/_emulator/requests',
    handle: () => {
      log.clear();
      return { status: 204 };
    },
  },
];

const faultRoutes = ({ faults }: ControlOptions): JsonRoute[] => [
  { method: 'GET', path: '/_emulator/faults', handle: () => json(200, { value: faults.list() }) },
  { method: 'POST', path: '/_emulator/faults', handle: async (request) => json(201, faults.add(await bodyAs(faultSchema, request))) },
  {
    method: 'DELETE',
    path: '/_emulator/faults',
    handle: () => {
      faults.remove();
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    path: '/_emulator/faults/:id',
    handle: (_request, { id = '' }) => {
      if (!faults.remove(id)) throw new RequestError(404, `There is no fault ${id}.`);
      return { status: 204 };
    },
  },
];

const clockRoutes = ({ clock }: ControlOptions): JsonRoute[] => [
  {
    method: 'GET',
    path: '/_emulator/clock',
    handle: async ({ query, signal }) => {
      const after = query.get('after');
      if (after === undefined) return json(200, clock.state);
      const waitMs = Math.min(Number(query.get('waitms') ?? 30_000), LONGEST_WAIT_MS);
      return json(200, await clock.changedAfter(Number(after), waitMs, signal));
    },
  },
  {
    method: 'PUT',
    path: '/_emulator/clock',
    handle: async (request) => {
      const move = await bodyAs(clockMove, request);
      return json(200, clock.moveTo('now' in move ? new Date(move.now).getTime() : clock.now() + move.advanceMs));
    },
  },
];

const identityRoutes = ({ directory, tokens, principals }: ControlOptions): JsonRoute[] => [
  {
    method: 'POST',
    path: '/_emulator/tokens',
    handle: async (request) => {
      const { user, audience, expiresInSeconds } = await bodyAs(tokenRequest, request);
      const person = directory.person(user);
      if (!person) {
        throw new RequestError(404, `There is no user ${user}.`, `There are ${directory.people.map(({ name }) => name).join(', ')}.`);
      }
      const { accessToken, expiresAt } = await tokens.issueForPerson(person, audience, expiresInSeconds);
      return json(200, { token: accessToken, expiresAt: new Date(expiresAt * 1000).toISOString(), objectId: person.objectId });
    },
  },
  { method: 'GET', path: '/_emulator/users', handle: () => json(200, { value: directory.people }) },
  { method: 'GET', path: '/_emulator/principals', handle: () => json(200, { value: principals.list() }) },
  {
    method: 'GET',
    path: '/_emulator/principals/:name',
    handle: (_request, { name = '' }) => {
      const found = principals.list().find((principal) => principal.name === name);
      if (!found) throw new RequestError(404, `There is no principal ${name}.`);
      return json(200, found);
    },
  },
  {
    method: 'POST',
    path: '/_emulator/principals',
    handle: async (request) => json(200, principals.put(await bodyAs(principalSchema, request))),
  },
];
