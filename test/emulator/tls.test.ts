import '../../src/emulator/tls/reflect.ts';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, rootCertificates } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerCertificate, serverCertificate } from '../../src/emulator/tls/certificates.ts';
import { startTestEmulator } from '../support/emulator.ts';

let dataDir: string;
let issued: ServerCertificate;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hsmkeep-tls-'));
  issued = await serverCertificate(dataDir);
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe('serverCertificate', () => {
  test('covers every name that clients use, and the loopback addresses', () => {
    const leaf = new X509Certificate(issued.cert);
    for (const name of [
      'localhost',
      'contoso.managedhsm.azure.net',
      'contoso.vault.azure.net',
      'contoso.managedhsm.localhost',
      'contoso.vault.localhost',
      'login.microsoftonline.com',
    ]) {
      expect(leaf.checkHost(name), name).toBeDefined();
    }
    expect(leaf.checkIP('127.0.0.1')).toBeDefined();
    expect(leaf.checkIP('::1')).toBeDefined();
    expect(leaf.checkHost('contoso.example')).toBeUndefined();
  });

  test('has the key identifiers and usages that strict clients ask for', () => {
    const leaf = new x509.X509Certificate(issued.cert);
    const ca = new x509.X509Certificate(issued.ca);
    const caId = ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;

    expect(caId).toMatch(/^[0-9a-f]{40}$/);
    expect(leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(caId);
    expect(leaf.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId).toBeDefined();
    expect((ca.getExtension(x509.KeyUsagesExtension)?.usages ?? 0) & x509.KeyUsageFlags.keyCertSign).not.toBe(0);
    expect(ca.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: true, critical: true });
    expect(new X509Certificate(issued.cert).verify(new X509Certificate(issued.ca).publicKey)).toBe(true);
  });

  test('is valid since a day ago, in real time', () => {
    const leaf = new X509Certificate(issued.cert);
    expect(Date.now() - Date.parse(leaf.validFrom)).toBeGreaterThan(86_000_000);
    expect(Date.parse(leaf.validTo)).toBeGreaterThan(Date.now() + 300 * 86_400_000);
  });

  test('keeps the authority, whose key only the owner can read', async () => {
    const again = await serverCertificate(dataDir);
    expect(again.ca.trim()).toBe(readFileSync(issued.caFile, 'utf8').trim());
    expect(again.ca).toBe(issued.ca);
    expect(statSync(join(dataDir, 'ca-key.pem')).mode & 0o777).toBe(0o600);
  });
});

test('a client that trusts ca.pem, and only such a client, connects under any covered name', async () => {
  const emulator = await startTestEmulator({ hsms: [{ name: 'h1' }], vaults: [] });
  const port = Number(new URL(emulator.ready.hsms['h1'] ?? '').port);
  const handshake = (servername: string, ca: string | string[]) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, servername, ca }, () => {
        resolve('trusted');
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });

  expect(await handshake('contoso.managedhsm.azure.net', emulator.ca)).toBe('trusted');
  expect(await handshake('contoso.example', emulator.ca)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await handshake('localhost', [...rootCertificates])).not.toBe('trusted');
  await emulator.stop();
});
