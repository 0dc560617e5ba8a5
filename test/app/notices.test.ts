import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/domain/report/report.ts';
import { hsmkeep } from '../cli/support.ts';
import { type AppStack, startAppStack, until } from '../support/app-stack.ts';
import { type NoticeReceiver, startNoticeReceiver } from '../support/notice-receiver.ts';
import { FIRST, GENERATED, rotationsOf, VAULT } from '../support/rotations.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let notices: NoticeReceiver;
let receiver: WebhookReceiver;
let stack: AppStack;
let kv: ReturnType<typeof rotationsOf>;
beforeAll(async () => {
  notices = await startNoticeReceiver();
  receiver = await startWebhookReceiver(FIRST);
  const endpoint = (name: string, on: string[], more: object = {}) => ({ name, kind: 'webhook', url: notices.urlOf(name), on, ...more });
  stack = await startAppStack({
    vaults: [VAULT],
    more: ({ vaults }) => ({
      notify: [
        endpoint('ops', ['failed', 'degraded', 'recovered', 'overdue'], { signingKey: `${vaults[VAULT]}/secrets/notice-key` }),
        endpoint('chat', ['failed']),
        endpoint('team-app', []),
      ],
    }),
  });
  kv = rotationsOf(stack, receiver);
  await kv.secrets.setSecret('notice-key', notices.key);
});
afterAll(async () => {
  await stack?.stop();
  await receiver?.stop();
  await notices?.stop();
});
afterEach(() => notices.down.clear());

const about = (endpoint: string, subject: string) => notices.taken(endpoint).filter(({ body }) => body.text.includes(subject));
/** Notices about one secret; the timer may have queued others. */
const waiting = async (about: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of stack.documents.listBlobsFlat({ prefix: 'outbox/' })) if (name.includes(about)) found.push(name);
  return found;
};

describe('notices', () => {
  test('tell those who want it that a run failed, with what to do, and that all is well again', async () => {
    await kv.secrets.setSecret('ailing', FIRST, { tags: { ...GENERATED, 'rot-provider': 'no-such-thing' } });
    const failed = await kv.rotate('ailing');
    expect(failed.status).toBe('Failed');
    await until('the notice', () => about('ops', 'ailing').length > 0 && about('chat', 'ailing').length > 0);
    expect(about('ops', 'ailing')).toMatchObject([
      {
        isSigned: true,
        body: {
          type: 'run.failed',
          id: `${failed.id}.failed`,
          text: expect.stringMatching(/no provider no-such-thing[\s\S]*What to do:/),
          run: { id: failed.id, kind: 'rotation', subject: 'contoso-kv.ailing', status: 'Failed' },
        },
      },
    ]);

    await kv.secrets.setSecret('ailing', FIRST, { tags: GENERATED });
    await kv.rotate('ailing');
    await until('the good news', () => about('ops', 'ailing').length > 1);
    expect(about('ops', 'ailing')[1]?.body).toMatchObject({ type: 'run.recovered', text: expect.stringContaining('well again') });
    expect(about('chat', 'ailing')).toHaveLength(1);
  });

  test('tell consumers that a secret names of its new version, and nobody else', async () => {
    await kv.secrets.setSecret('consumed', FIRST, { tags: { ...GENERATED, 'rot-notify': 'team-app, nobody' } });
    const run = await kv.rotate('consumed');
    await until('the notice', () => about('team-app', 'consumed').length > 0);
    const { version, rotationId, graceUntil } = run.result ?? {};
    expect(about('team-app', 'consumed').map(({ body }) => body)).toEqual([
      expect.objectContaining({
        type: 'secret.rotated',
        id: `${version}.rotated`,
        secret: { ref: 'contoso-kv/consumed', version, rotationId, graceUntil },
      }),
    ]);
    expect(about('ops', 'consumed')).toEqual([]);
  });

  test('wait in the outbox for an endpoint that is down, which holds up neither the run nor the others', async () => {
    notices.down.add('ops');
    await kv.secrets.setSecret('unheard', FIRST, { tags: { ...GENERATED, 'rot-provider': 'no-such-thing' } });
    await kv.rotate('unheard');
    await until('the notice to the other', () => about('chat', 'unheard').length === 1);
    await until('the one that waits', async () => (await waiting('unheard')).length === 1);

    notices.down.clear();
    // A process does not ask one that failed again for a minute of its own time; a new one does.
    await stack.killHost();
    await stack.startHost();
    await kv.sweepUntil('the notice', async () => about('ops', 'unheard').length > 0);
    expect(about('ops', 'unheard')[0]).toMatchObject({ isSigned: true, body: { type: 'run.failed' } });
    await until('the outbox to be empty', async () => (await waiting('unheard')).length === 0);
  });

  test('tell once a day that an HSM has no proven backup', async () => {
    await kv.sweepUntil('the notice', async () => about('ops', 'contoso-hsm has no proven backup').length > 0);
    const ids = about('ops', 'contoso-hsm has no proven backup').map(({ body }) => body.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('a secret whose rotation is long overdue is told of once, and again when it is well', async () => {
  const neglected = (type: string) => about('ops', 'neglected').filter(({ body }) => body.type === type);
  const swept = () => stack.hostLog().split('secrets_overdue').length;
  await kv.secrets.setSecret('neglected', FIRST, { tags: { ...GENERATED, 'rot-provider': 'no-such-thing' } });
  await stack.emulator.control.moveClock({ advanceMs: 62 * 86_400_000 });
  await kv.sweepUntil('the notice', async () => neglected('secrets.overdue').length > 0);
  const before = swept();
  await kv.sweepUntil('another look', async () => swept() > before + 1);
  expect(neglected('secrets.overdue')).toHaveLength(1);

  await kv.secrets.setSecret('neglected', FIRST, { tags: GENERATED });
  await kv.sweepUntil('the good news', async () => neglected('secrets.recovered').length > 0);
  expect(neglected('secrets.overdue')).toHaveLength(1);
});

test('the audit trail has every step of every run, in storage and in the log, and no value', async () => {
  await kv.secrets.setSecret('audited', FIRST, { tags: GENERATED });
  const run = await kv.rotate('audited');
  let trail = '';
  for await (const { name } of stack.auditTrail.listBlobsFlat()) {
    expect(name).toMatch(/^\d{4}\/\d\d\/\d\d\/[0-9a-f]{12}\.jsonl$/);
    trail += (await stack.auditTrail.getBlobClient(name).downloadToBuffer()).toString();
  }
  const events = trail
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((event) => event.run === run.id);
  expect(events.map(({ step, outcome }) => [step, outcome])).toEqual([
    ...run.steps.map(({ name, status }) => [name, status]),
    [null, 'Completed'],
  ]);
  expect(events.at(-1)).toMatchObject({ schema: 'hsmkeep.audit/1', kind: 'rotation', result: { secret: 'contoso-kv/audited' } });
  const [oldest, newest] = (await kv.versionsOf('audited')).sort((a, b) => Number(a.createdOn) - Number(b.createdOn));
  const about = {
    secret: 'contoso-kv/audited',
    by: { kind: 'person', oid: expect.stringMatching(/^[0-9a-f-]{36}$/), name: expect.stringContaining('alice') },
    trigger: 'request',
    reason: 'a test',
    mode: 'normal',
    provider: 'generated',
    strategy: 'multi',
    policy: 'every=60d;grace=7d',
    policyHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    rotationId: newest?.tags?.['rot-id'],
    base: oldest?.version,
  };
  for (const event of events) expect(event).toMatchObject({ about, software: expect.stringMatching(/^\d/) });
  const { fingerprints, version, everyDays } = events.at(-1).result;
  expect({ version, everyDays }).toEqual({ version: newest?.version, everyDays: 60 });
  expect(fingerprints.old).toMatch(/^[0-9a-f]{32}$/);
  expect(fingerprints.new).not.toBe(fingerprints.old);
  const { value = '' } = await kv.secrets.getSecret('audited');
  expect(trail + stack.hostLog()).not.toContain(value);
  expect(stack.hostLog()).toContain(`${run.id}/end`);
});

describe('the report', () => {
  /** Of the last hour, as somebody who may only read. */
  const report = async (at: string): Promise<{ code: number; stdout: string; report: Report }> => {
    const token = await stack.emulator.control.userToken({ user: 'carol' });
    const now = new Date(Date.parse(at) + 1000);
    const from = new Date(now.getTime() - 3_600_000).toISOString();
    const { code, stdout, stderr } = await hsmkeep(['report', '--json', '--from', from, '--url', stack.apiUrl(), '--token', token], {
      now,
    });
    expect(stderr).toBe('');
    return { code, stdout, report: JSON.parse(stdout) };
  };

  test('tells who had a secret rotated, when, and what became of the old value; never a value', async () => {
    await kv.secrets.setSecret('reported', FIRST, { tags: GENERATED });
    const run = await kv.rotate('reported');
    const { code, stdout, report: made } = await report(run.endedAt ?? '');
    expect(made.missing, stdout).toEqual([]);
    expect(code).toBe(0);
    expect(made.rotations.find(({ secret }) => secret === 'contoso-kv/reported')).toMatchObject({
      by: { kind: 'person', name: expect.stringContaining('alice') },
      reason: 'a test',
      outcome: 'ok',
      version: run.result?.['version'],
      verifiedAt: run.steps.find(({ name }) => name === 'Confirm')?.endedAt,
      oldEndedAt: null,
      runs: [run.id],
    });
    expect(made.secrets.find(({ secret }) => secret === 'contoso-kv/notice-key')).toMatchObject({ state: 'unmanaged' });
    expect(made.exceptions).toContainEqual(expect.objectContaining({ what: 'unmanaged', subject: 'contoso-kv/notice-key' }));
    expect(made.hsms.map(({ hsm }) => hsm)).toEqual(['contoso-hsm']);
    const { value = '' } = await kv.secrets.getSecret('reported');
    expect(stdout).not.toContain(value);
  });

  test('notices a run whose record is gone, and one that the audit trail lacks', async () => {
    await kv.secrets.setSecret('torn', FIRST, { tags: GENERATED });
    const run = await kv.rotate('torn');
    const at = run.endedAt ?? '';
    const recorded = stack.documents.getBlockBlobClient(`runs/${at.slice(0, 4)}/${at.slice(5, 7)}/${run.id}.json`);
    const record = await recorded.downloadToBuffer();
    await recorded.delete();
    expect((await report(at)).report.trail).toMatchObject({ onlyInTrail: expect.arrayContaining([run.id]), unreadable: 0 });

    await recorded.upload(record, record.byteLength);
    const whole = (await report(at)).report.trail;
    expect([...(whole?.onlyInTrail ?? []), ...(whole?.notInTrail ?? [])]).not.toContain(run.id);

    // Nobody can do this on Azure: the container is under a time policy.
    for await (const { name } of stack.auditTrail.listBlobsFlat()) {
      const blob = stack.auditTrail.getAppendBlobClient(name);
      const lines = (await blob.downloadToBuffer()).toString().split('\n');
      const text = `no event\n${lines.filter((line) => !line.includes(run.id)).join('\n')}`;
      await blob.create();
      await blob.appendBlock(text, Buffer.byteLength(text));
    }
    const { trail } = (await report(at)).report;
    expect(trail?.notInTrail).toContain(run.id);
    expect(trail?.unreadable).toBeGreaterThan(0);
  });

  test.each([
    '/audit?day=yesterday',
    '/audit?day=2026-13-01',
    '/runs?from=tomorrow',
    '/runs?to=2026-01-01',
    '/runs?from=2026-02-01&to=2026-01-01',
  ])('a question like %s is refused with what to ask', async (path) => {
    const answer = await stack.api(path);
    expect(answer.body, answer.text).toMatchObject({ status: 400, hint: expect.stringContaining('2026-') });
  });
});
