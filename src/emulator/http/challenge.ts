import { isIP } from 'node:net';

const DEFAULT_RESOURCE = { hsm: 'https://managedhsm.azure.net', vault: 'https://vault.azure.net' } as const;

/**
 * The resource that a 401 names. Clients ask that their host name ends in `.` + the resource's host (Python with the port), so a name such
 * as `kv.vault.localhost:8443` is told `https://vault.localhost:8443`. Addresses, `localhost` and Azure's own names get Azure's resource.
 *
 * @param host Host header, port included.
 */
export function challengeResource(kind: 'hsm' | 'vault', host: string): string {
  const { name, port } = splitHost(host);
  const [, ...parent] = name.split('.');
  if (isIP(name) || parent.length === 0 || isAzureName(name)) return DEFAULT_RESOURCE[kind];
  return `https://${parent.join('.')}${port}`;
}

/** Audiences that a token for this host may have. */
export function acceptedAudiences(kind: 'hsm' | 'vault', host: string): string[] {
  return [...new Set([challengeResource(kind, host), DEFAULT_RESOURCE[kind]])];
}

const isAzureName = (name: string) => name.endsWith('.managedhsm.azure.net') || name.endsWith('.vault.azure.net');

function splitHost(host: string): { name: string; port: string } {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]*))(:\d+)?$/.exec(host.toLowerCase()) ?? [];
  return { name: bracketed ?? plain ?? '', port };
}
