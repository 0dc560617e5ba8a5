import { createJsonEndpoint } from '../http/json-endpoint.ts';
import type { HttpHandler } from '../http/listener.ts';
import { logged } from '../http/request-log.ts';
import { isTokenPath, managedIdentityRoutes } from '../identity/app-service.ts';
import { type ControlOptions, controlRoutes } from './routes.ts';

const IDENTITY = { kind: 'identity', name: 'identity' } as const;

/** What listens on the control port: the control interface, and managed identity, whose requests are logged and may meet faults. */
export function createControlEndpoint(options: ControlOptions & Readonly<{ tokenHeader: string }>): HttpHandler {
  const { faults, log, directory, tokens, tokenHeader: header } = options;
  const handle = createJsonEndpoint([...controlRoutes(options), ...managedIdentityRoutes({ directory, tokens, header })]);

  return async (request) => {
    if (!isTokenPath(request.path)) return handle(request);
    const entry = log.begin(IDENTITY, request);
    return logged(entry, await faults.around(IDENTITY, request, entry, () => handle(request)));
  };
}
