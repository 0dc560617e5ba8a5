import { z } from 'zod';
import type { FaultBook } from '../http/faults.ts';
import { json } from '../http/json-endpoint.ts';
import type { HttpAnswer, HttpHandler } from '../http/listener.ts';
import type { HttpRequest } from '../http/request.ts';
import { logged, type RequestLog } from '../http/request-log.ts';
import type { TokenService } from '../identity/tokens.ts';
import { ServiceError } from '../service.ts';
import { KEY_NAMES, type StorageAccounts } from './accounts.ts';
import type { BlobService } from './blob-service.ts';
import { ARM_AUDIENCES, cloudMetadata, subscriptions, tenants } from './cloud.ts';

export type ArmOptions = Readonly<{
  subscription: string;
  tenant: string;
  /** Of the tenant's authority, without the tenant. */
  authorityUrl: string;
  accounts: StorageAccounts;
  /** Undefined: there are no storage accounts. */
  blobs: BlobService | undefined;
  tokens: TokenService;
  faults: FaultBook;
  log: RequestLog;
}>;

const ARM = { kind: 'arm', name: 'arm' } as const;
const GROUP = 'emulator';
const ACCOUNT =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Storage\/storageAccounts\/([^/]+)(?:\/(listKeys|regenerateKey))?$/i;
const OPERATION = /^\/subscriptions\/[^/]+\/providers\/Microsoft\.Storage\/locations\/[^/]+\/asyncoperations\/([^/]+)$/i;
const METADATA = '/metadata/endpoints';
const RETRY_AFTER = { 'Retry-After': '17' } as const;

const regenerateBody = z.object({ keyName: z.enum(KEY_NAMES) });

export const accountId = (subscription: string, account: string): string =>
  `/subscriptions/${subscription}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts/${account}`;

/**
 * The parts of Azure Resource Manager that clients need to find and enter the emulated cloud (`az cloud register`, `az login`), and that rotate
 * the keys of storage accounts. Every identity of the tenant may use it; what a missing role
 * looks like is a matter of faults.
 *
 * @see https://learn.microsoft.com/rest/api/storagerp/storage-accounts
 */
export function createArmEndpoint(options: ArmOptions): HttpHandler {
  const { faults, log, accounts, blobs } = options;
  let known = accounts.forAzurite();
  /** A key may be there by now that was asked for some time ago. */
  const tellAzurite = async (): Promise<void> => {
    const current = accounts.forAzurite();
    if (current === known) return;
    known = current;
    await blobs?.setAccounts(current);
  };
  return async (request) => {
    const entry = log.begin(ARM, request);
    const answer = async (): Promise<HttpAnswer> => {
      try {
        if (request.method === 'GET' && request.path === METADATA) return metadata(options, request);
        entry.caller = await callerOf(options, request);
        const answer = await route(options, request);
        await tellAzurite();
        return answer;
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        return json(error.status, { error: { code: error.code, message: error.message } });
      }
    };
    return logged(entry, request.header('authorization') ? await faults.around(ARM, request, entry, answer) : await answer());
  };
}

async function callerOf({ tokens }: ArmOptions, request: HttpRequest): Promise<string> {
  const check = await tokens.check(request.header('authorization'), [...ARM_AUDIENCES, request.origin]);
  if (check.ok) return check.name;
  if (check.problem === 'missing')
    throw new ServiceError(401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
  throw new ServiceError(401, 'InvalidAuthenticationToken', `The access token is invalid: ${check.problem}.`);
}

const metadata = ({ authorityUrl, tenant }: ArmOptions, request: HttpRequest): HttpAnswer =>
  json(200, cloudMetadata({ arm: request.origin, authority: authorityUrl, tenant }, apiVersionOf(request)));

function apiVersionOf(request: HttpRequest): string {
  const version = request.query.get('api-version');
  if (version) return version;
  throw new ServiceError(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required.');
}

async function route(options: ArmOptions, request: HttpRequest): Promise<HttpAnswer> {
  apiVersionOf(request);
  const path = request.path ?? '';
  if (request.method === 'GET' && path === '/subscriptions') return json(200, subscriptions(options.subscription, options.tenant));
  if (request.method === 'GET' && path === '/tenants') return json(200, tenants(options.tenant));
  const [, operation] = OPERATION.exec(path) ?? [];
  if (operation && request.method === 'GET') return operationState(options, operation);

  const [, subscription, group, name, action = ''] = ACCOUNT.exec(path) ?? [];
  const account = options.accounts.names.find((one) => one.toLowerCase() === name?.toLowerCase());
  if (!account || subscription?.toLowerCase() !== options.subscription || group?.toLowerCase() !== GROUP)
    throw new ServiceError(404, 'ResourceNotFound', `The Resource '${path}' was not found.`);

  switch (`${request.method} ${action.toLowerCase()}`) {
    case 'GET ':
      return json(200, accountView(options, account));
    case 'POST listkeys':
      return json(200, keysView(options, account));
    case 'POST regeneratekey':
      return regenerate(options, request, account);
    default:
      throw new ServiceError(405, 'MethodNotAllowed', `The HTTP method '${request.method}' is not supported.`);
  }
}

const accountView = ({ subscription, blobs }: ArmOptions, account: string) => ({
  id: accountId(subscription, account),
  name: account,
  type: 'Microsoft.Storage/storageAccounts',
  location: 'emulator',
  kind: 'StorageV2',
  sku: { name: 'Standard_LRS', tier: 'Standard' },
  properties: { primaryEndpoints: { blob: `${blobs?.origin ?? ''}/${account}/` }, allowSharedKeyAccess: true },
});

const keysView = ({ accounts }: ArmOptions, account: string) => ({
  keys: accounts
    .keys(account)
    .map(({ name, value, createdAt }) => ({ creationTime: createdAt, keyName: name, permissions: 'FULL', value })),
});

async function regenerate(options: ArmOptions, request: HttpRequest, account: string): Promise<HttpAnswer> {
  const { accounts, subscription } = options;
  const body = regenerateBody.safeParse(parseJson((await request.readBody()).toString('utf8')));
  if (!body.success)
    throw new ServiceError(400, 'InvalidValuesForRequestParameters', 'Values for request parameters are invalid: keyName.');
  const operation = accounts.regenerate(account, body.data.keyName);
  if (operation === undefined) return json(200, keysView(options, account));
  const version = request.query.get('api-version');
  const path = `/subscriptions/${subscription}/providers/Microsoft.Storage/locations/emulator/asyncoperations/${operation}`;
  return { status: 202, headers: { ...RETRY_AFTER, Location: `${request.origin}${path}?monitor=true&api-version=${version}` } };
}

function operationState({ accounts }: ArmOptions, id: string): HttpAnswer {
  const state = accounts.operation(id);
  if (!state) throw new ServiceError(404, 'NotFound', `There is no operation ${id}.`);
  return state === 'running' ? { status: 202, headers: RETRY_AFTER } : { status: 200 };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
