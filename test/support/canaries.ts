import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MadeCanary } from '../../src/clients/canary.ts';
import type { AppStack } from './app-stack.ts';

const DIST = pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', '/')).href;

/** What `setup` does, in a process that trusts the emulator's authority. */
const SCRIPT = `
const { makeCanary } = await import('${DIST}clients/canary.js');
const { createClients } = await import('${DIST}clients/clients.js');
const { parseConfig } = await import('${DIST}config/config.js');
const { config, storage, clientId, hsm, key, now } = JSON.parse(process.argv[1]);
const settings = { config: parseConfig(JSON.stringify(config)), storage, duties: ['restore'], identities: { restore: clientId } };
const clients = createClients(settings, 'restore');
try {
  console.log(JSON.stringify(await makeCanary(clients.hsm(hsm), clients.backups(hsm), key, now)));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}`;

/**
 * Makes the canary of an HSM as a principal with the least rights for it.
 *
 * @throws {Error} with what the command would print
 */
export async function provideCanary({ emulator, azurite, container }: AppStack, hsm = 'contoso-hsm', key = 'hsmkeep-canary') {
  const { ready, control } = emulator;
  const dataActions = ['keys/create', 'keys/read/action', 'keys/sign/action'];
  const { clientId } = await control.principal({ name: 'test-setup', roles: [{ hsm, scope: `/keys/${key}`, dataActions }] });
  const config = { hsms: [{ name: hsm, url: ready.hsms[hsm], backupTo: { container: container(hsm).url } }] };
  const input = { config, storage: azurite.connectionString, clientId, hsm, key, now: new Date().toISOString() };
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: ready.caFile,
    IDENTITY_ENDPOINT: ready.tokenUrl,
    IDENTITY_HEADER: ready.tokenHeader,
  };
  return new Promise<MadeCanary>((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '-e', SCRIPT, JSON.stringify(input)], { env }, (error, stdout, stderr) =>
      error ? reject(new Error(stderr)) : resolve(JSON.parse(stdout) as MadeCanary),
    );
  });
}
