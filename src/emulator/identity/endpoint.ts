import type { Applications } from '../graph/applications.ts';
import type { FaultBook } from '../http/faults.ts';
import { createJsonEndpoint } from '../http/json-endpoint.ts';
import type { HttpHandler } from '../http/listener.ts';
import { logged, type RequestLog } from '../http/request-log.ts';
import { authorityRoutes } from './authority.ts';
import type { Directory } from './directory.ts';
import type { TokenService } from './tokens.ts';

const IDENTITY = { kind: 'identity', name: 'identity' } as const;

export type AuthorityOptions = Readonly<{
  directory: Directory;
  applications: Applications;
  tokens: TokenService;
  faults: FaultBook;
  log: RequestLog;
}>;

/** What listens in the place of login.microsoftonline.com. */
export function createAuthorityEndpoint({ directory, applications, tokens, faults, log }: AuthorityOptions): HttpHandler {
  const handle = createJsonEndpoint(authorityRoutes(directory, applications, tokens));
  return async (request) => {
    const entry = log.begin(IDENTITY, request);
    return logged(entry, await faults.around(IDENTITY, request, entry, () => handle(request)));
  };
}
