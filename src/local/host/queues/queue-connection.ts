import { DefaultAzureCredential } from '@azure/identity';
import { QueueServiceClient } from '@azure/storage-queue';
import { OperatorError } from '../../../domain/errors.ts';

/**
 * The storage account that a binding's `connection` names: a connection string in the setting of that name (also with `AzureWebJobs` before
 * it), or an identity with `<connection>__queueServiceUri`.
 *
 * @throws {OperatorError} naming the settings that are missing.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#connections
 */
export function queueService(connection: string, env: NodeJS.ProcessEnv = process.env): QueueServiceClient {
  const name = connection || 'AzureWebJobsStorage';
  const text = env[`AzureWebJobs${name}`] ?? env[name];
  if (text) return QueueServiceClient.fromConnectionString(text);
  const url = env[`${name}__queueServiceUri`];
  if (url) return new QueueServiceClient(url, new DefaultAzureCredential());
  throw new OperatorError(
    `The queue connection ${name} has no setting.`,
    `Set ${name} to a connection string, or ${name}__queueServiceUri to an address.`,
  );
}
