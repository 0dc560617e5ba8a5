/** Where Durable Functions keep their state. */
export type DurableStore = 'azure-storage' | 'durable-task-scheduler';

type HostJson = Readonly<{ extensions: Readonly<{ durableTask: Readonly<Record<string, unknown>> }> }>;

/** The app settings that {@link hostJson} then asks for. */
export const SCHEDULER_SETTINGS = ['DURABLE_TASK_SCHEDULER_CONNECTION_STRING', 'TASKHUB_NAME'] as const;
const [CONNECTION, TASK_HUB] = SCHEDULER_SETTINGS;

/**
 * host.json for one of the two stores. The project's own is that for Azure Storage, where a task hub's name may be overridden by the app setting
 * `AzureFunctionsJobHost__extensions__durableTask__hubName`: apps that share a storage account need different ones.
 *
 * @param text The project's host.json.
 * @see https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-storage-providers
 */
export function hostJson(text: string, store: DurableStore): string {
  if (store === 'azure-storage') return text;
  const host = JSON.parse(text) as HostJson;
  const durableTask = {
    ...host.extensions.durableTask,
    hubName: `%${TASK_HUB}%`,
    storageProvider: { type: 'azureManaged', connectionStringName: CONNECTION },
  };
  return `${JSON.stringify({ ...host, extensions: { ...host.extensions, durableTask } }, null, 2)}\n`;
}
