import type { ContainerClient } from '@azure/storage-blob';
import type { Run } from '../../src/domain/run.ts';
import type { BackupView } from '../../src/domain/views.ts';
import type { AppStack } from './app-stack.ts';

/** What a drill needs in the drill HSM beside the right to restore, on the canary key alone. */
export const DRILL_ACTIONS = [
  'keys/read/action',
  'keys/delete',
  'keys/deletedKeys/read/action',
  'keys/deletedKeys/delete',
  'keys/decrypt/action',
  'keys/verify/action',
] as const;

/** Gives the restore duty its rights for drills: those of restores everywhere, and those on the canary key. */
export async function grantDrills(stack: AppStack, key = 'hsmkeep-canary'): Promise<string> {
  const { objectId } = await stack.emulator.control.principal({
    name: 'test-restore',
    roles: [
      { hsm: '*', scope: '/', role: 'Restore User' },
      { hsm: '*', scope: '/', role: 'Crypto Auditor' },
      { hsm: '*', scope: `/keys/${key}`, dataActions: DRILL_ACTIONS },
    ],
  });
  return objectId;
}

/** Drills an HSM now, and waits for the end. */
export async function drillNow(stack: AppStack, hsm = 'contoso-hsm', body: object = {}): Promise<Run> {
  const answer = await stack.api(`/hsms/${hsm}/drill`, { method: 'POST', body });
  if (answer.status !== 202) throw new Error(`No drill was started: ${answer.status} ${answer.text}`);
  return stack.runEnd(answer.body.runId);
}

/** What `backup list` shows, newest first. */
export const listed = async (stack: AppStack, hsm = 'contoso-hsm'): Promise<BackupView[]> =>
  (await stack.api(`/hsms/${hsm}/backups`)).body.value;

/** Flips one bit of a blob. `at`: which byte; by default the one in the middle. */
export async function flipByte(
  { container }: AppStack,
  path: string,
  where: ContainerClient = container('contoso-hsm'),
  at?: number,
): Promise<() => Promise<unknown>> {
  const blob = where.getBlockBlobClient(path);
  const before = await blob.downloadToBuffer();
  const after = Buffer.from(before);
  const index = at ?? after.length >> 1;
  after[index] = (after[index] ?? 0) ^ 1;
  await blob.upload(after, after.byteLength);
  return () => blob.upload(before, before.byteLength);
}

/** Names of the blobs of a backup that hold data, as the emulator writes them. */
export async function dataBlobs({ container }: AppStack, folder: string, hsm = 'contoso-hsm'): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of container(hsm).listBlobsFlat({ prefix: `${folder}/` })) if (name.endsWith('.bin')) names.push(name);
  return names;
}
