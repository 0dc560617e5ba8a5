import type { DurableClient } from 'durable-functions';
import type { Clients } from '../clients/clients.ts';
import { parseDocument } from '../domain/documents.ts';
import { type HsmLock, lockPath } from '../domain/lock.ts';
import type { Requester } from '../domain/rotation/requester.ts';
import { subjectOf } from '../domain/rotation/subject.ts';
import { plannedRunId, requestedRunId } from '../domain/run-id.ts';
import { type RotateSecretInput, rotateSecret } from '../orchestrators/rotate-secret.ts';
import type { Caller } from './authenticate.ts';
import { findInstance, isLive, startOnce } from './start-run.ts';

type Surroundings = Readonly<{ clients: Clients; durable: DurableClient; now: string }>;

/** Who calls, for the run and the audit trail. */
export const requesterOf = (caller: Caller | null): Requester => ({
  kind: caller?.appOnly === false ? 'person' : 'app',
  oid: caller?.oid ?? '',
  name: caller?.name ?? '',
});

/**
 * Starts the rotation of a secret, unless a run is under way that does what is asked. Events of the same minute are one run.
 *
 * @returns The run that is under way now, and whether it is a new one.
 */
export async function startRotation(
  { clients, durable, now }: Surroundings,
  input: RotateSecretInput,
): Promise<Readonly<{ runId: string; started: boolean }>> {
  const subject = subjectOf(input.vault, input.name);
  const running = await lockOwner(clients, subject);
  const instance = running === undefined ? undefined : await findInstance(durable, running);
  if (running !== undefined && instance && isLive(instance) && serves(instance.input, input)) return { runId: running, started: false };

  const runId = await idFor(durable, input, subject, now);
  try {
    return { runId, started: await startOnce(durable, rotateSecret, runId, input) };
  } catch (error) {
    // Two at once: the other start was first.
    if (await findInstance(durable, runId)) return { runId, started: false };
    throw error;
  }
}

/** Events of one minute share a run, unless that has ended already: then there is something new to do. */
async function idFor(durable: DurableClient, { trigger }: RotateSecretInput, subject: string, now: string): Promise<string> {
  const shared = plannedRunId('rotation', subject, now);
  const instance = trigger === 'request' ? undefined : await findInstance(durable, shared);
  return trigger === 'request' || (instance && !isLive(instance)) ? requestedRunId('rotation', subject, now) : shared;
}

/**
 * Whether a run that is under way does what is asked. An event is content with whatever looks at the secret, a check excepted, which begins
 * nothing. A person is not: the sweep may only be taking a look, and a normal rotation leaves the old value alive, which a compromise must
 * not. Their run waits for the lock.
 */
function serves(running: unknown, wanted: RotateSecretInput): boolean {
  const { trigger, mode, repair = false, check = false } = (running ?? {}) as Partial<RotateSecretInput>;
  if (wanted.trigger !== 'request') return !check;
  return trigger === 'request' && repair === (wanted.repair ?? false) && (mode === wanted.mode || wanted.mode === 'normal');
}

async function lockOwner({ documents }: Clients, subject: string): Promise<string | undefined> {
  const path = lockPath(subject);
  const document = await documents.read(path);
  return document && parseDocument<HsmLock>(document.text, 'hsmkeep.lock/1', path).owner;
}
