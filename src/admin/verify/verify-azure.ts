import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { blobsOf, fingerprint, hashBlob } from '../../activities/hash-folder.ts';
import type { Access } from '../../clients/access.ts';
import { scopeOf } from '../../clients/caller-id.ts';
import type { Clients } from '../../clients/clients.ts';
import type { BackupTarget, ManagedHsm } from '../../clients/managed-hsm.ts';
import { OperatorError } from '../../domain/errors.ts';
import { takenAtOf } from '../../domain/folder.ts';
import type { HsmJob, JobStart } from '../../domain/job.ts';
import { type AnswerSheet, answersOf, nameShape, type QuestionId } from '../../domain/verify/answers.ts';
import { VERSION } from '../../version.ts';
import { parsed, probe, told } from './probe.ts';

export type VerifyOptions = Readonly<{
  clients: Clients;
  access: Access;
  /** Its configured name. */
  hsm: string;
  preRestore: boolean;
  /** Ask for a second backup while one runs. */
  overlap: boolean;
  say(line: string): void;
  now(): Date;
}>;

/** `folder`: the backup that was taken; it stays. */
export type Verified = Readonly<{ sheet: AnswerSheet; folder: string }>;

type Work = VerifyOptions & Readonly<{ target: BackupTarget; url: string; found: Map<QuestionId, string> }>;

const POLL_MS = 1_000;
const POLLS = 3_600;
const API = 'api-version=7.6';

/**
 * Finds out on a real HSM what nobody has written down. Takes a backup; restores nothing.
 *
 * @throws {OperatorError} when a check or the backup fails, with what was answered.
 */
export async function verifyAzure(options: VerifyOptions): Promise<Verified> {
  const { clients, hsm, say, now } = options;
  const { url, backupTo } = clients.hsmConfig(hsm);
  const work: Work = { ...options, target: backupTo, url, found: new Map() };

  say('pre-backup check');
  const check = await timed(() => runJob(work, () => clients.hsm(hsm).startPreBackup(backupTo), 'the pre-backup check'));
  work.found.set('pre-backup', `${check.result.end}, after ${check.ms} ms; asked to wait ${wait(check.result)}`);
  const folder = await takeBackup(work);
  await lookAtFolder(work, folder);
  await askOddly(work);
  if (options.preRestore) await showBackup(work, folder);

  const { hostname } = new URL(url);
  const isName = /\.managedhsm\./.test(hostname);
  const sheet: AnswerSheet = {
    schema: 'hsmkeep.answers/1',
    hsmkeep: VERSION,
    node: process.versions.node,
    on: now().toISOString().slice(0, 10),
    cloud: isName ? hostname.slice(hostname.indexOf('.') + 1) : null,
    answers: answersOf(work.found, namesIn(url, backupTo.container, hsm, folder)),
  };
  return { sheet, folder };
}

async function takeBackup(work: Work): Promise<string> {
  const { clients, hsm, target, found, say, overlap } = work;
  const one = clients.hsm(hsm);
  say('backup');
  const startedAt = work.now().getTime();
  const from = performance.now();
  const start = await mustStart(() => one.startBackup(target), 'the backup');

  found.set('backup.pre-check-meanwhile', startInWords(await one.startPreBackup(target)));
  if (overlap) found.set('backup.overlap', startInWords(await one.startBackup(target)));
  const { end, folder, polls } = await follow(work, start.job, 'the backup');
  if (folder === null) throw new OperatorError('The backup succeeded and named no folder.', 'Send us what the HSM answered.');
  const tookMs = Math.round(performance.now() - from);
  found.set('backup', `${end}, after ${tookMs} ms and ${polls} polls; asked to wait ${wait(start)}`);

  const offset = Math.round((Date.parse(takenAtOf(folder)) - startedAt) / 1000);
  const digits = folder.split('-').at(-1)?.length ?? 0;
  found.set('backup.folder', `${digits} digits; its time is ${offset} s from when it was asked for`);
  found.set('backup.lock-tail', await lockTail(work));
  found.set('job.after-end', told(await ask(work, `/backup/${start.job.jobId}/pending`)));
  return folder;
}

/** How long the HSM refuses the next pre-backup check after a backup. */
async function lockTail({ clients, hsm, target }: Work): Promise<string> {
  const from = performance.now();
  for (let look = 0; look < POLLS; look += 1) {
    const start = await clients.hsm(hsm).startPreBackup(target);
    if (start.status !== 'busy') return `${Math.round(performance.now() - from)} ms, then ${start.status}`;
    await delay(POLL_MS);
  }
  return `longer than ${POLLS} s`;
}

async function lookAtFolder({ clients, hsm, found, say }: Work, folder: string): Promise<void> {
  const store = clients.backups(hsm);
  const blobs = await blobsOf(store, folder);
  say(`reading ${blobs.length} blobs`);
  let unread = 0;
  for (const blob of blobs) if ((await hashBlob(store, blob)) === undefined) unread += 1;
  const shapes = new Map<string, number>();
  for (const { name } of blobs) {
    const shape = nameShape(name.slice(folder.length + 1));
    shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
  }
  const bytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  found.set(
    'folder.blobs',
    `${blobs.length} blobs, ${bytes} bytes: ${[...shapes].map(([shape, count]) => `${count} x ${shape}`).join(', ')}`,
  );
  const same = fingerprint(await blobsOf(store, folder)) === fingerprint(blobs);
  found.set('folder.stable', same && unread === 0 ? 'yes' : `no: ${unread} blobs changed while they were read`);
}

/** Questions that no client asks; all of them only read. */
async function askOddly(work: Work): Promise<void> {
  const { found, say } = work;
  say('questions that only read');
  const roles = '/providers/Microsoft.Authorization/roleDefinitions';
  const [unknownJob, unversioned, otherCase, all, filtered, settings] = await Promise.all([
    ask(work, `/backup/${'0'.repeat(32)}/pending`),
    ask(work, '/settings', ''),
    ask(work, '/SETTINGS'),
    ask(work, roles),
    ask(work, roles, `${API}&$filter=${encodeURIComponent("roleName eq 'Managed HSM Administrator'")}`),
    ask(work, '/settings'),
  ]);
  found.set('job.unknown', told(unknownJob));
  found.set('api.no-version', told(unversioned));
  found.set('api.path-case', `/SETTINGS: ${told(otherCase)}`);
  const count = (body: string) => (parsed(body) as { value?: unknown[] }).value?.length ?? 0;
  const paged = 'nextLink' in parsed(all.body) ? 'with' : 'without';
  found.set('roles.list', `${told(all)}, ${count(all.body)} roles ${paged} nextLink; a filter for one gave ${count(filtered.body)}`);
  const names = (parsed(settings.body) as { settings?: { name: string; value: string }[] }).settings ?? [];
  found.set('settings', `${told(settings)} ${names.map(({ name, value }) => `${name}=${value}`).join(', ')}`.trim());
  found.set('headers', all.headers.join(', '));
}

async function showBackup(work: Work, folder: string): Promise<void> {
  const { clients, hsm, target, found, say } = work;
  say('pre-restore check');
  const start = await mustStart(() => clients.hsm(hsm).startPreRestore(target, folder), 'the pre-restore check');
  const meanwhile = await timed(() => ask(work, '/providers/Microsoft.Authorization/roleDefinitions'));
  const check = await timed(() => follow(work, start.job, 'the pre-restore check'));
  found.set(
    'pre-restore',
    `${check.result.end}, after ${check.ms} ms; meanwhile the HSM answered ${told(meanwhile.result)} in ${meanwhile.ms} ms`,
  );
}

type Started = Extract<JobStart, { status: 'started' }>;

async function runJob(work: Work, start: () => Promise<JobStart>, what: string) {
  const started = await mustStart(start, what);
  return { ...(await follow(work, started.job, what)), retryAfterMs: started.retryAfterMs };
}

/** Never asked for twice: whether a lost start arrived is not known. */
async function mustStart(start: () => Promise<JobStart>, what: string): Promise<Started> {
  const answer = await start();
  if (answer.status === 'started') return answer;
  if (answer.status === 'refused') throw new OperatorError(answer.problem.message, answer.problem.hint);
  throw new OperatorError(
    `${what} was not begun (${startInWords(answer)}).`,
    'See that no backup or restore is under way, then run this again.',
  );
}

async function follow({ clients, hsm }: Work, job: HsmJob, what: string) {
  const one: ManagedHsm = clients.hsm(hsm);
  for (let polls = 1; polls <= POLLS; polls += 1) {
    const check = await one.checkJob(job);
    if (check.status === 'succeeded') return { end: 'succeeded', folder: check.folder, polls };
    if (check.status === 'failed')
      throw new OperatorError(
        `${what} failed (${check.code}: ${check.detail}).`,
        'Mend what it names, then run this again; `hsmkeep doctor` helps.',
      );
    if (check.status === 'unknown') throw new OperatorError(`The HSM does not know the job of ${what} any more.`, 'Send us this sentence.');
    await delay(POLL_MS);
  }
  throw new OperatorError(`${what} still ran after ${POLLS} s.`, 'Wait for its end before you run this again.');
}

const startInWords = (start: JobStart): string => {
  if (start.status === 'started') return 'started';
  return start.status === 'refused' ? `refused ${start.refusal.code}: ${start.refusal.detail}` : `${start.status} ${start.detail}`;
};

const wait = ({ retryAfterMs }: Readonly<{ retryAfterMs: number | null }>): string =>
  retryAfterMs === null ? 'nothing' : `${retryAfterMs} ms`;

const ask = ({ url, access }: Work, path: string, query = API) =>
  probe(url, query === '' ? path : `${path}?${query}`, scopeOf(url), access);

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const from = performance.now();
  const result = await work();
  return { result, ms: Math.round(performance.now() - from) };
}

/** All that would tell whose HSM it is. */
function namesIn(url: string, container: string, hsm: string, folder: string): string[] {
  const { hostname, pathname } = new URL(container);
  const host = new URL(url).hostname;
  const inFolder = folder.replace(/^mhsm-/, '').replace(/-\d+$/, '');
  return [folder, host, host.split('.')[0] ?? '', hostname, hostname.split('.')[0] ?? '', ...pathname.split('/'), hsm, inFolder];
}
