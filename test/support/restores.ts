import { expect } from 'vitest';
import type { RestoreView } from '../../src/domain/restore/view.ts';
import type { Run } from '../../src/domain/run.ts';
import type { ApiAnswer, AppStack } from './app-stack.ts';

const API = 'api-version=7.6';

/** Gives the identity of the restore duty the right to restore, and to read what it may destroy; in place of what it had. */
export async function grantRestoreDuty(stack: AppStack, roles: readonly string[] = ['Restore User', 'Crypto Auditor']): Promise<string> {
  const { objectId } = await stack.emulator.control.principal({
    name: 'test-restore',
    roles: roles.map((role) => ({ hsm: '*', scope: '/', role })),
  });
  return objectId;
}

/** What an HSM's administrator does with keys. */
export function hsmOf({ emulator }: AppStack, hsm = 'contoso-hsm') {
  const send = async <T = unknown>(path: string, method = 'GET', body?: unknown): Promise<T> => {
    const answer = await emulator.send(`${emulator.ready.hsms[hsm]}${path}?${API}`, { method, ...(body !== undefined && { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  return {
    send,
    /** @returns The key's newest version. */
    async createKey(name: string): Promise<string> {
      const { key } = await send<{ key: { kid: string } }>(`/keys/${name}/create`, 'POST', { kty: 'RSA', key_size: 2048 });
      return key.kid.split('/').at(-1) ?? '';
    },
    async encrypt(name: string, version: string, text: string): Promise<string> {
      const value = Buffer.from(text).toString('base64url');
      return (await send<{ value: string }>(`/keys/${name}/${version}/encrypt`, 'POST', { alg: 'RSA-OAEP-256', value })).value;
    },
    async decrypt(name: string, version: string, value: string): Promise<string> {
      const plain = await send<{ value: string }>(`/keys/${name}/${version}/decrypt`, 'POST', { alg: 'RSA-OAEP-256', value });
      return Buffer.from(plain.value, 'base64url').toString();
    },
    deleteKey: (name: string) => send(`/keys/${name}`, 'DELETE'),
    purgeKey: (name: string) => send(`/deletedkeys/${name}`, 'DELETE'),
    async keys(): Promise<string[]> {
      const { value } = await send<{ value: { kid: string }[] }>('/keys');
      return value.map(({ kid }) => kid.split('/').at(-1) ?? '').sort();
    },
    async assignments(): Promise<{ name: string; principalId: string; roleDefinitionId: string; scope: string }[]> {
      const { value } = await send<{
        value: { name: string; properties: { principalId: string; roleDefinitionId: string; scope: string } }[];
      }>('/providers/Microsoft.Authorization/roleAssignments');
      return value.map(({ name, properties }) => ({ name, ...properties }));
    },
  };
}

/** A proven backup of an HSM, taken now. @returns Its folder. */
export async function takeBackup(stack: AppStack, hsm = 'contoso-hsm'): Promise<string> {
  const run = await stack.runEnd(await stack.backupNow(hsm));
  expect(run.status, JSON.stringify(run.steps)).toBe('Completed');
  return String(run.result?.['folder']);
}

export const planRestore = (stack: AppStack, body: object = {}, { hsm = 'contoso-hsm', as = 'alice' } = {}): Promise<ApiAnswer> =>
  stack.api(`/hsms/${hsm}/restores`, { method: 'POST', body, as });

export const decide = (stack: AppStack, plan: Pick<RestoreView, 'id' | 'hash'>, verb: 'approve' | 'reject' = 'approve', as = 'bob') =>
  stack.api(`/restores/${plan.id}/${verb}`, { method: 'POST', body: { hash: plan.hash }, as });

export const execute = (stack: AppStack, plan: Pick<RestoreView, 'id' | 'hash'>, as = 'alice') =>
  stack.api(`/restores/${plan.id}/execute`, { method: 'POST', body: { hash: plan.hash }, as });

/** Plans, approves and executes. */
export async function restoreNow(stack: AppStack, body: object = {}, hsm = 'contoso-hsm'): Promise<{ plan: RestoreView; run: Run }> {
  const planned = await planRestore(stack, body, { hsm });
  expect(planned.status, planned.text).toBe(201);
  const plan = planned.body as RestoreView;
  const approved = await decide(stack, plan);
  expect(approved.status, approved.text).toBe(200);
  const started = await execute(stack, plan);
  expect(started.status, started.text).toBe(202);
  return { plan, run: await stack.runEnd(plan.id) };
}

/** How many starts of a restore the HSM has taken. */
export async function restoresTaken({ emulator }: AppStack, hsm = 'contoso-hsm'): Promise<number> {
  const requests = await emulator.control.requests();
  return requests.filter(
    ({ host, method, path, status }) =>
      host === hsm && method === 'PUT' && /restore$/.test(path) && path !== '/prerestore' && status === 202,
  ).length;
}
