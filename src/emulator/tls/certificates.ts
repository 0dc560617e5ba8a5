import './reflect.ts';
import { createPrivateKey, randomBytes, type webcrypto as types, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** What the HTTPS listeners present, and the file that a client trusts. */
export type ServerCertificate = Readonly<{ caFile: string; ca: string; cert: string; key: string }>;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** The longest that strict clients accept. */
const LEAF_DAYS = 397;

/** Names under which clients reach the emulator; a wildcard covers one label. */
const NAMES = [
  'localhost',
  '*.managedhsm.azure.net',
  '*.vault.azure.net',
  '*.managedhsm.localhost',
  '*.vault.localhost',
  'login.microsoftonline.com',
];
const ADDRESSES = ['127.0.0.1', '::1'];

/**
 * A certificate for every name of the emulator, from the authority in `dataDir/ca.pem`, which is made on first use and kept.
 * Validity follows real time, not the emulator's clock, and starts a day early for clients whose clock is behind.
 */
export async function serverCertificate(dataDir: string): Promise<ServerCertificate> {
  x509.cryptoProvider.set(webcrypto);
  const caFile = join(dataDir, 'ca.pem');
  const ca = await loadOrMakeAuthority(caFile, join(dataDir, 'ca-key.pem'));
  const leaf = await makeLeaf(ca);
  return { caFile, ca: ca.certificate.toString('pem'), ...leaf };
}

type Authority = Readonly<{ certificate: x509.X509Certificate; key: types.CryptoKey }>;

async function loadOrMakeAuthority(certFile: string, keyFile: string): Promise<Authority> {
  if (existsSync(certFile) && existsSync(keyFile)) {
    const pem = readFileSync(certFile, 'utf8');
    const stillGoodAt = Date.now() + LEAF_DAYS * DAY_MS;
    if (Date.parse(new X509Certificate(pem).validTo) > stillGoodAt) {
      return { certificate: new x509.X509Certificate(pem), key: await importKey(readFileSync(keyFile, 'utf8')) };
    }
  }

  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=hsmkeep emulator CA',
    ...validity(CA_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // The key first: a certificate without its key would be trusted by clients and be of no use.
  writeWhole(keyFile, await exportKey(keys.privateKey), 0o600);
  writeWhole(certFile, `${certificate.toString('pem')}\n`, 0o644);
  return { certificate, key: keys.privateKey };
}

async function makeLeaf(ca: Authority): Promise<{ cert: string; key: string }> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=hsmkeep emulator',
    issuer: ca.certificate.subject,
    ...validity(LEAF_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: ca.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      // Python's ssl refuses a chain without it from 3.13 on.
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate.publicKey),
      new x509.SubjectAlternativeNameExtension([
        ...NAMES.map((value) => ({ type: 'dns' as const, value })),
        ...ADDRESSES.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<types.CryptoKeyPair>;

const validity = (days: number) => ({
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + days * DAY_MS - DAY_MS),
});

/** Positive, as RFC 5280 asks. */
const serialNumber = () => `01${randomBytes(15).toString('hex')}`;

async function exportKey(key: types.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString();
}

function importKey(pem: string): Promise<types.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']) as Promise<types.CryptoKey>;
}

function writeWhole(file: string, content: string, mode: number): void {
  const half = `${file}.new`;
  writeFileSync(half, content, { mode });
  renameSync(half, file);
}
