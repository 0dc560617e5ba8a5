import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type AppStack, type AppStackOptions, startAppStack } from '../support/app-stack.ts';

let stack: AppStack | undefined;
afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

const nightWith = async (options: AppStackOptions) => {
  stack = await startAppStack({ timeScale: 1, ...options });
  const stopHurrying = stack.hurry(60_000);
  return stack.backupNow('contoso-hsm').then(stack.runEnd).finally(stopHurrying);
};

describe('a night of an app or an HSM that lacks something', () => {
  test('storage refuses the HSM: tells the code and whose access to mend', async () => {
    const run = await nightWith({ hsmMayWrite: false });
    const step = run.steps.find(({ status }) => status === 'Failed');
    expect(step, JSON.stringify(run.steps)).toMatchObject({
      name: 'Pre-backup check',
      hint: expect.stringContaining("HSM's own identity"),
    });
    expect(run.status).toBe('Failed');
  });

  test("no right to back up: names the right and the command, from the HSM's own refusal", async () => {
    const run = await nightWith({ backupRoles: [{ scope: '/', role: 'Crypto Auditor' }] });
    expect(run.steps.find(({ status }) => status === 'Failed')).toMatchObject({
      message: expect.stringContaining('backup/start/action'),
      hint: expect.stringContaining('--role "Managed HSM Backup User"'),
    });
  });

  test('no right to read the state of the job: the backup is adopted once the HSM is free, or the run says why not', async () => {
    const run = await nightWith({ backupRoles: [{ scope: '/', dataActions: ['Microsoft.KeyVault/managedHsm/backup/start/action'] }] });
    expect(run.status).toBe('Failed');
    expect(run.steps.find(({ status }) => status === 'Failed')?.message).toContain('backup/status/action');
  });

  test('no right to read keys and roles: the backup counts, the inventory is missed', async () => {
    const run = await nightWith({ backupRoles: [{ scope: '/', role: 'Backup User' }] });
    expect(run).toMatchObject({ status: 'Degraded', result: { proof: 'L1', keys: 'unreadable' } });
    expect(run.steps.find(({ status }) => status === 'Degraded')?.hint).toContain('Crypto Auditor');
  });
});

describe('an app with a bad configuration', () => {
  test('starts nothing and names every mistake with its path', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hsmkeep-bad-'));
    const root = join(import.meta.dirname, '..', '..');
    const hsm = { name: 'a', url: 'nowhere', backupTo: { container: 'https://s.blob.core.windows.net/c?sv=1&sig=abc' } };
    const config = {
      tenantId: 't',
      audience: 'a',
      colour: 'red',
      hsms: [
        { ...hsm, schedule: 'nightly' },
        { ...hsm, url: 'https://a.example' },
      ],
    };
    const host = spawn(process.execPath, [join(root, 'dist', 'local', 'host', 'main.js'), '--app', root, '--data', data], {
      env: { ...process.env, HSMKEEP_CONFIG: JSON.stringify(config), HSMKEEP_STORAGE: 'https://s.blob.core.windows.net' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { out: '', error: '' };
    host.stdout.on('data', (chunk) => (printed.out += chunk));
    host.stderr.on('data', (chunk) => (printed.error += chunk));
    const [code] = await once(host, 'close');
    rmSync(data, { recursive: true, force: true });

    expect(code).not.toBe(0);
    expect(printed.out).toBe('');
    for (const path of ['colour', 'hsms[0].url', 'hsms[0].schedule', 'hsms[0].backupTo.container', 'hsms[1].name'])
      expect(printed.error).toContain(`${path}:`);
    expect(printed.error).not.toMatch(/\n\s+at |sig=abc/);
  });
});
