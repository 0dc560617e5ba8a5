import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../../host/atomic-file.ts';
import { startChild, waitUntilReady } from '../child.ts';
import { receiverScript } from '../paths.ts';
import { type DemoServer, inDemoVault, managedBy, OWNER, randomPassword } from './demo-secret.ts';
import type { StartDemoServer } from './servers.ts';

const NAME = 'webhook receiver';
const KEY_SECRET = 'loyalty-signing-key';
const ACCOUNT = 'loyalty';
const TIMEOUT_MS = 10_000;
/** The emulated clock, by which requests are dated, may be moved by years. */
const ANY_AGE = String(Number.MAX_SAFE_INTEGER);

/** A service of somebody's own, which hsmkeep tells by signed webhooks; it takes one password at a time. */
export const startWebhookDemo: StartDemoServer = async ({ folder, port, part }): Promise<DemoServer> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = signingKey(join(folder, 'signing-key'));
  const accountsFile = join(folder, 'accounts.json');
  const child = startChild({
    name: NAME,
    script: receiverScript,
    args: [],
    env: { ...part.env, SIGNING_KEY: key, ACCOUNTS_FILE: accountsFile, PORT: String(port), TOLERANCE_SECONDS: ANY_AGE },
    cwd: folder,
    logFile: join(folder, 'receiver.log'),
  });
  part.started(child);
  await waitUntilReady(child, () => /listening on/.exec(child.log()) ?? undefined, part);

  const origin = `http://127.0.0.1:${port}`;
  const target = `${origin}/rotate`;
  return {
    name: NAME,
    target,
    secrets: [
      { name: KEY_SECRET, tags: { owner: OWNER }, first: () => key },
      {
        name: 'loyalty-password',
        tags: managedBy('webhook', {
          'rot-target': target,
          'rot-principal': ACCOUNT,
          'rot-admin': inDemoVault(KEY_SECRET),
          'rot-policy': 'every=60d;strategy=single',
        }),
        first: randomPassword,
        async provide(value) {
          if (existsSync(accountsFile)) return;
          const hash = createHash('sha256').update(value).digest('hex');
          writeFileAtomically(accountsFile, JSON.stringify({ [ACCOUNT]: [hash] }));
        },
        accepts: (value) => accepts(origin, value),
      },
    ],
  };
};

async function accepts(origin: string, password: string): Promise<boolean> {
  const body = JSON.stringify({ account: ACCOUNT, password });
  const { status } = await fetch(`${origin}/login`, { method: 'POST', body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (status !== 204 && status !== 401) throw new Error(`The webhook receiver answered ${status}.`);
  return status === 204;
}

/** As Standard Webhooks write keys. Made by the first start; only its owner can read it. */
function signingKey(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `whsec_${randomBytes(32).toString('base64')}`, { mode: 0o600 });
  return readFileSync(file, 'utf8');
}
