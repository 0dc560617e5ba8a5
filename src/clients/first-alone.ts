import type { PipelinePolicy, PipelineRequest } from '@azure/core-rest-pipeline';

/**
 * Sends the first request of a client alone. Its answer tells the client who gives tokens; requests beside it would each have to be told so. None
 * waits longer than its own deadline, and a first one that fails keeps nobody waiting.
 */
export function firstAlone(): PipelinePolicy {
  let first: Promise<unknown> | 'answered' | undefined;
  return {
    name: 'firstAlone',
    async sendRequest(request, next) {
      if (first === 'answered') return next(request);
      if (first) {
        await Promise.race([first, aborted(request)]);
        return next(request);
      }
      const answer = next(request);
      const isOver = (): void => {
        first = 'answered';
      };
      first = answer.then(isOver, isOver);
      return answer;
    },
  };
}

/** A request that is aborted is sent on all the same, for the client to give it up. */
const aborted = ({ abortSignal }: PipelineRequest): Promise<void> =>
  new Promise((resolve) => {
    if (abortSignal?.aborted) resolve();
    abortSignal?.addEventListener('abort', () => resolve());
  });
