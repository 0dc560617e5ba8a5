import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline';
import { describe, expect, test } from 'vitest';
import { firstAlone } from '../../src/clients/first-alone.ts';

/** A service that answers when it is told to. */
function service() {
  const policy = firstAlone();
  const waiting: { url: string; answer(): void; fail(): void }[] = [];
  const send = (name: string, abortSignal?: AbortSignal) =>
    policy.sendRequest(createPipelineRequest({ url: `https://vault/${name}`, ...(abortSignal && { abortSignal }) }), (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<PipelineResponse>();
      waiting.push({
        url: request.url,
        answer: () => resolve({ request, status: 200, headers: createHttpHeaders() }),
        fail: () => reject(new Error('no answer')),
      });
      return promise;
    });
  const sent = () => waiting.map(({ url }) => new URL(url).pathname.slice(1));
  return { send, sent, waiting };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('firstAlone', () => {
  test('keeps the others back until the first is answered, and none after that', async () => {
    const { send, sent, waiting } = service();
    const answers = [send('a'), send('b'), send('c')];
    await settled();
    expect(sent()).toEqual(['a']);

    waiting[0]?.answer();
    await settled();
    expect(sent()).toEqual(['a', 'b', 'c']);
    answers.push(send('d'));
    await settled();
    expect(sent()).toHaveLength(4);
    for (const { answer } of waiting) answer();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('lets the others go when the first fails', async () => {
    const { send, sent, waiting } = service();
    const [first, second] = [send('a'), send('b')];
    waiting[0]?.fail();
    await expect(first).rejects.toThrow('no answer');
    await settled();
    expect(sent()).toEqual(['a', 'b']);
    waiting[1]?.answer();
    expect((await second).status).toBe(200);
  });

  test('keeps nobody beyond their own deadline', async () => {
    const { send, sent } = service();
    const deadline = new AbortController();
    void send('a');
    void send('b', deadline.signal);
    void send('c', AbortSignal.abort());
    await settled();
    expect(sent()).toEqual(['a', 'c']);
    deadline.abort();
    await settled();
    expect(sent()).toEqual(['a', 'c', 'b']);
  });
});
