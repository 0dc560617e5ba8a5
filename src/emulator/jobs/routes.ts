import type { EndpointRoute } from '../http/service-endpoint.ts';
import { type Handler, type Service, type ServiceAnswer, ServiceError, type ServiceRequest } from '../service.ts';
import { BackupServiceError } from './errors.ts';
import { takeFolderName } from './folder-name.ts';
import { parseStart, toCheckedTarget, toTarget } from './input.ts';
import type { JobRunner } from './runner.ts';
import { splitFolder } from './storage-target.ts';
import type { Job, JobInput, JobKind } from './store.ts';

const RETRY_AFTER_START_SECONDS = 10;

/** Backup, restore and their pre-checks. All of them are long-running: 202, then polls that answer 200 until the status is final. */
export function jobRoutes(jobs: JobRunner): EndpointRoute[] {
  const start = (service: Service, request: ServiceRequest, kind: JobKind, makeInput: (startedAtMs: number) => JobInput) =>
    accepted(jobs.start(service.name, kind, makeInput), request, service);

  const fullBackup: Handler = (request, _params, service) => {
    service.authorize(request.caller, 'backup/start/action', '/');
    const storage = toCheckedTarget(parseStart('storage', request.body));
    return start(service, request, 'backup', (startedAtMs) => ({
      kind: 'backup',
      storage,
      folder: takeFolderName(service.db, service.name, startedAtMs),
    }));
  };

  const preBackup: Handler = (request, _params, service) => {
    service.authorize(request.caller, 'backup/start/action', '/');
    const storage = toTarget(parseStart('maybeStorage', request.body) ?? {});
    return start(service, request, 'preBackup', () => ({ kind: 'preBackup', ...(storage ? { storage } : {}) }));
  };

  const fullRestore: Handler = (request, _params, service) => {
    service.authorize(request.caller, 'restore/start/action', '/');
    const { sasTokenParameters, folderToRestore } = parseStart('fullRestore', request.body);
    const from = source(toCheckedTarget(sasTokenParameters), folderToRestore);
    return start(service, request, 'restore', () => ({ kind: 'restore', ...from }));
  };

  const preRestore: Handler = (request, _params, service) => {
    service.authorize(request.caller, 'restore/start/action', '/');
    const { sasTokenParameters, folderToRestore } = parseStart('preRestore', request.body) ?? {};
    const storage = toTarget(sasTokenParameters ?? {});
    const from = storage && folderToRestore ? source(storage, folderToRestore) : storage ? { storage } : {};
    return start(service, request, 'preRestore', () => ({ kind: 'preRestore', ...from }));
  };

  const selectiveRestore: Handler = (request, { name: key = '' }, service) => {
    authorizeEither(service, request);
    const { sasTokenParameters, folder } = parseStart('selectiveRestore', request.body);
    const from = source(toCheckedTarget(sasTokenParameters), folder);
    return start(service, request, 'selectiveRestore', () => ({ kind: 'selectiveRestore', key, ...from }));
  };

  const status =
    (family: 'backup' | 'restore'): Handler =>
    async ({ caller }, { jobId = '' }, service) => {
      service.authorize(caller, `${family}/status/action`, '/');
      const job = await jobs.find(service.name, jobId);
      if (!job || familyOf(job.kind) !== family) throw new BackupServiceError(404, 'NotFound', 'The given jobId is not found');
      return { status: 200, body: alphabetical(toWire(job)), headers: pollAgain(service) };
    };

  const at = (method: string, path: string, handle: Handler, needsApiVersion = true): EndpointRoute => ({
    method,
    path,
    handle,
    needsApiVersion,
    part: 'backup',
  });
  return [
    at('POST', '/backup', fullBackup),
    at('POST', '/prebackup', preBackup),
    at('PUT', '/restore', fullRestore),
    at('PUT', '/prerestore', preRestore),
    at('PUT', '/keys/:name/restore', selectiveRestore),
    // The URL handed out has no api-version, and is polled as it stands.
    at('GET', '/backup/:jobId/pending', status('backup'), false),
    at('GET', '/restore/:jobId/pending', status('restore'), false),
    at('GET', '/backup/pending', status('backup'), false),
    at('GET', '/restore/pending', status('restore'), false),
  ];
}

function source(storage: { uri: string; token?: string }, folderGiven: string) {
  const { uri, folder } = splitFolder(storage.uri, folderGiven);
  return { storage: { ...storage, uri }, folder };
}

/** Which of the two rights a selective restore needs is not known; roles that hold either may. */
function authorizeEither({ authorize }: Service, { caller, path }: ServiceRequest): void {
  try {
    authorize(caller, 'keys/restore/action', path.replace(/\/restore$/, ''));
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    authorize(caller, 'restore/start/action', '/');
  }
}

const familyOf = (kind: JobKind) => (kind === 'backup' || kind === 'preBackup' ? 'backup' : 'restore');

function accepted(job: Job, { origin }: ServiceRequest, { clock }: Service): ServiceAnswer {
  const family = familyOf(job.kind);
  return {
    status: 202,
    // Only the answer to a backup is not in alphabetical order.
    body: family === 'backup' ? toWire(job) : alphabetical(toWire(job)),
    headers: {
      'azure-asyncoperation': `${origin}/${family}/${job.id}/pending`,
      'Retry-After': String(Math.ceil(clock.scaled(RETRY_AFTER_START_SECONDS))),
    },
  };
}

/** The service sends none here; below real durations it spares Python and az their five seconds between polls. */
const pollAgain = ({ clock }: Service): Record<string, string> => (clock.scaled(1) < 1 ? { 'Retry-After': '1' } : {});

/** All fields are always there; restores have no `azureStorageBlobContainerUri`. */
const toWire = ({ id, kind, status, statusDetails, error, startedAtMs, endedAtMs, folderUri }: Job): Record<string, unknown> => ({
  status,
  statusDetails,
  error: error && { code: error.code, innererror: null, message: error.message },
  startTime: Math.floor(startedAtMs / 1000),
  endTime: endedAtMs === null ? null : Math.floor(endedAtMs / 1000),
  jobId: id,
  ...(familyOf(kind) === 'backup' ? { azureStorageBlobContainerUri: folderUri } : {}),
});

const alphabetical = (body: Record<string, unknown>) => Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1)));
