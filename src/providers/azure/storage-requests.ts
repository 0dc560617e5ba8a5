/** The few of the official client's two hundred requests that are used: loaded together when the first is sent, and all that is packaged of it. */
export { createStorageManagement } from '@azure/arm-storage/api';
export { getProperties, listKeys, regenerateKey } from '@azure/arm-storage/api/storageAccounts';
