import type { ScriptedAnswer, SeenRequest } from './scripted-hsm.ts';

export const JOB_ID = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
export const CONTAINER = 'https://exampleacct.blob.core.windows.net/hsm-backups';
export const FOLDER_URI = `${CONTAINER}/mhsm-examplehsm-2025010203040517`;

/** A job's body as the service writes it: every field, nulls written out. */
export const wireJob = (fields: object = {}) => ({
  azureStorageBlobContainerUri: null,
  endTime: null,
  error: null,
  jobId: JOB_ID,
  startTime: 1_735_787_045,
  status: 'InProgress',
  statusDetails: null,
  ...fields,
});

export const SUCCEEDED = { status: 'Succeeded', endTime: 1_735_787_055, azureStorageBlobContainerUri: FOLDER_URI };
export const FAILED = {
  status: 'Failed',
  endTime: 1_735_787_046,
  statusDetails: 'Invalid Request',
  error: {
    code: 'BadRequest',
    innererror: { code: 'Inner', innererror: null, message: 'Deeper reason' },
    message: 'The token is malformed',
  },
};

/** The 202 that the service gives to every start. */
export const accepted = (url: string, watchedAt: 'backup' | 'restore' = 'backup'): ScriptedAnswer => ({
  status: 202,
  headers: { 'azure-asyncoperation': `${url}/${watchedAt}/${JOB_ID}/pending`, 'retry-after': '10' },
  body: wireJob(),
});

/** Accepts a start, then gives one answer to each poll; the last one goes on for ever. */
export function jobScript(...polls: readonly (ScriptedAnswer | object)[]) {
  let next = 0;
  return (request: SeenRequest, url: string): ScriptedAnswer => {
    if (request.method !== 'GET') return accepted(url, request.path.includes('backup') ? 'backup' : 'restore');
    const poll = polls[Math.min(next++, polls.length - 1)];
    if (poll === undefined) return { body: wireJob() };
    return typeof poll === 'string' || 'body' in poll ? (poll as ScriptedAnswer) : { body: wireJob(poll) };
  };
}
