export type Permissions = Readonly<{ actions: readonly string[]; dataActions: readonly string[] }>;

const BLOBS = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';
const QUEUES = 'Microsoft.Storage/storageAccounts/queueServices/queues';

/**
 * What the built-in roles that hsmkeep assigns permit, by role definition id; reading the containers of an account included.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const BUILT_IN_ROLES: Readonly<Record<string, Permissions & Readonly<{ name: string }>>> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': {
    name: 'Storage Blob Data Owner',
    actions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/*',
      'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action',
    ],
    dataActions: [`${BLOBS}/*`],
  },
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': {
    name: 'Storage Blob Data Contributor',
    actions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/delete',
      'Microsoft.Storage/storageAccounts/blobServices/containers/read',
      'Microsoft.Storage/storageAccounts/blobServices/containers/write',
      'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action',
    ],
    dataActions: [`${BLOBS}/delete`, `${BLOBS}/read`, `${BLOBS}/write`, `${BLOBS}/move/action`, `${BLOBS}/add/action`],
  },
  '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': {
    name: 'Storage Blob Data Reader',
    actions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/read',
      'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action',
    ],
    dataActions: [`${BLOBS}/read`],
  },
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': {
    name: 'Storage Queue Data Contributor',
    actions: [`${QUEUES}/delete`, `${QUEUES}/read`, `${QUEUES}/write`],
    dataActions: [`${QUEUES}/messages/delete`, `${QUEUES}/messages/read`, `${QUEUES}/messages/write`, `${QUEUES}/messages/process/action`],
  },
  'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a': {
    name: 'Storage Queue Data Message Sender',
    actions: [],
    dataActions: [`${QUEUES}/messages/add/action`],
  },
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': {
    name: 'Storage Table Data Contributor',
    actions: [
      'Microsoft.Storage/storageAccounts/tableServices/tables/read',
      'Microsoft.Storage/storageAccounts/tableServices/tables/write',
      'Microsoft.Storage/storageAccounts/tableServices/tables/delete',
    ],
    dataActions: ['Microsoft.Storage/storageAccounts/tableServices/tables/entities/*'],
  },
  '81a9662b-bebf-436f-a333-f67b29880f12': {
    name: 'Storage Account Key Operator Service Role',
    actions: ['Microsoft.Storage/storageAccounts/listkeys/action', 'Microsoft.Storage/storageAccounts/regeneratekey/action'],
    dataActions: [],
  },
  '4633458b-17de-408a-b874-0445c86b69e6': {
    name: 'Key Vault Secrets User',
    actions: [],
    dataActions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action', 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'],
  },
  '3913510d-42f4-4e42-8a64-420c390055eb': {
    name: 'Monitoring Metrics Publisher',
    actions: ['Microsoft.Insights/Register/Action', 'Microsoft.Support/*', 'Microsoft.Resources/subscriptions/resourceGroups/read'],
    dataActions: ['Microsoft.Insights/Metrics/Write', 'Microsoft.Insights/Telemetry/Write'],
  },
  '0ad04412-c4d5-4796-b79c-f76d14c8d402': {
    name: 'Durable Task Data Contributor',
    actions: [],
    dataActions: ['Microsoft.DurableTask/schedulers/taskhubs/*'],
  },
};
