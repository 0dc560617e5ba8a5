import { describe, expect, test } from 'vitest';
import type { DrillPlan } from '../../src/domain/drill/plan.ts';
import { hsmkeep, run, serveApi, step } from './support.ts';

const FOLDER = 'mhsm-contoso-hsm-2026112202000012';
const ID = 'drill-contoso-hsm-20261122T100000000Z';
const env = (url: string) => ({ HSMKEEP_RESTORE_URL: url, HSMKEEP_TOKEN: 't' });

const plan = (changes: Partial<DrillPlan> = {}): DrillPlan => ({
  source: 'contoso-hsm',
  target: 'contoso-drill-hsm',
  folder: FOLDER,
  mode: 'full',
  copied: ['keys/payments/1'],
  destroyed: ['keys/old/1'],
  rearm: ['Managed HSM Crypto User for p at /keys'],
  preflights: [{ name: 'rights afterwards', status: 'warning', message: 'It will lose its access.', hint: 'Have somebody ready.' }],
  ...changes,
});

describe('drill', () => {
  test('starts it, follows it and shows how it went, with what to do about a failure', async () => {
    const ended = run({
      id: ID,
      kind: 'drill',
      status: 'Failed',
      steps: [step('Manifest', { status: 'Failed', message: 'blob a changed', hint: 'The newest good backup is f.' })],
    });
    const { url, seen } = await serveApi({
      'POST /api/hsms/contoso-hsm/drill': { status: 202, body: { runId: ID } },
      [`GET /api/runs/${ID}`]: { body: ended },
    });
    const { code, stdout } = await hsmkeep(['drill', 'contoso-hsm', FOLDER], { env: env(url) });
    expect({ code, body: seen[0]?.body }).toEqual({ code: 1, body: { folder: FOLDER } });
    expect(stdout).toContain('blob a changed');
    expect(stdout).toContain('The newest good backup is f.');
  });

  test('only starts with --no-wait', async () => {
    const { url, seen } = await serveApi({ 'POST /api/hsms/contoso-hsm/drill': { status: 202, body: { runId: ID } } });
    expect(await hsmkeep(['drill', 'contoso-hsm', '--no-wait'], { env: env(url) })).toMatchObject({ code: 0, stdout: `${ID}\n` });
    expect(seen[0]?.body).toEqual({});
  });

  test('--plan says what is copied and who must be given roles again, and starts nothing', async () => {
    const { url, seen } = await serveApi({ 'GET /api/hsms/contoso-hsm/drill': { body: plan() } });
    const { code, stdout } = await hsmkeep(['drill', 'contoso-hsm', '--plan'], { env: env(url) });
    expect({ code, methods: seen.map(({ method }) => method) }).toEqual({ code: 0, methods: ['GET'] });
    expect(stdout).toContain(`from ${FOLDER}\n  into contoso-drill-hsm`);
    expect(stdout).toContain('rights afterwards: It will lose its access.\n  Have somebody ready.');
    expect(stdout).toContain('Copied:\n  keys/payments/1\n');
    expect(stdout).toContain('Gone or changed there afterwards:\n  keys/old/1\n');
    expect(stdout).toContain('Must be given their roles there again:\n  Managed HSM Crypto User for p at /keys\n');
    expect(stdout).toContain('Whoever may use the keys of contoso-hsm may then use the copies');
  });

  test('--plan of the canary is short, and a long one is cut', async () => {
    const copied = Array.from({ length: 60 }, (_, index) => `keys/key-${index}/1`);
    const { url } = await serveApi({
      'GET /api/hsms/contoso-hsm/drill': [{ body: plan({ mode: 'canary', rearm: [], preflights: [] }) }, { body: plan({ copied }) }],
    });
    const canary = (await hsmkeep(['drill', 'contoso-hsm', '--plan'], { env: env(url) })).stdout;
    expect(canary).toContain('the canary key alone');
    expect(canary).not.toMatch(/roles|Whoever/);
    expect((await hsmkeep(['drill', 'contoso-hsm', '--plan'], { env: env(url) })).stdout).toContain('… and 20 more; --json shows all');
  });
});
