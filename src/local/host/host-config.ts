import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../domain/errors.ts';
import { parseTimeSpan } from './time-span.ts';

const timeSpan = z.string().transform(readTimeSpan);

/** Azure's way to say without a limit. */
const UNLIMITED = '-1';

/** Milliseconds, or undefined for no limit. */
const timeLimit = z.string().transform((text, context) => (text === UNLIMITED ? undefined : readTimeSpan(text, context)));

function readTimeSpan(text: string, context: z.RefinementCtx): number {
  const milliseconds = parseTimeSpan(text);
  if (milliseconds === undefined) context.addIssue({ code: 'custom', message: `not a time span (hh:mm:ss): ${text}` });
  return milliseconds ?? 0;
}

const queues = z.object({
  maxPollingInterval: timeSpan.optional(),
  visibilityTimeout: timeSpan.default(0),
  batchSize: z.number().int().min(1).max(32).default(16),
  maxDequeueCount: z.number().int().min(1).default(5),
  messageEncoding: z.enum(['base64', 'none']).default('base64'),
});

const durableTask = z.object({
  hubName: z.string().default('TestHubName'),
  maxConcurrentActivityFunctions: z.number().int().min(1).optional(),
});

/** What this host reads of host.json; the many settings that only matter on Azure pass unread. */
const hostJson = z.object({
  version: z.literal('2.0'),
  // The default of every plan but Consumption.
  functionTimeout: timeLimit.prefault('00:30:00'),
  extensions: z
    .object({
      http: z.object({ routePrefix: z.string().default('api') }).prefault({}),
      durableTask: durableTask.prefault({}),
      queues: queues.prefault({}),
    })
    .prefault({}),
});

export type QueueSettings = Readonly<z.infer<typeof queues>>;

export type HostConfig = Readonly<{
  /** First segments of every HTTP function's path, without slashes; empty for none. */
  routePrefix: string;
  hubName: string;
  /** Undefined leaves the choice to the engine. */
  maxConcurrentActivities: number | undefined;
  /** Undefined is without a limit. */
  functionTimeoutMs: number | undefined;
  queues: QueueSettings;
}>;

/**
 * Reads the app's host.json.
 *
 * @throws {OperatorError} when it is missing, is not JSON, or says something this host cannot follow.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-host-json
 */
export function readHostConfig(appDir: string): HostConfig {
  const path = join(appDir, 'host.json');
  const { success, data, error } = hostJson.safeParse(readJson(path));
  if (!success) throw new OperatorError(`Invalid host.json:\n${z.prettifyError(error)}`, `Correct ${path}.`);
  const { http, durableTask: durable, queues: queueSettings } = data.extensions;
  return {
    routePrefix: http.routePrefix.replaceAll(/^\/+|\/+$/g, ''),
    hubName: durable.hubName,
    maxConcurrentActivities: durable.maxConcurrentActivityFunctions,
    functionTimeoutMs: data.functionTimeout,
    queues: queueSettings,
  };
}

/** @throws {OperatorError} when the file is missing or no JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new OperatorError(`Cannot read ${path}: ${error instanceof Error ? error.message : error}`, 'A function app has this file.', {
      cause: error,
    });
  }
}
