using '../../../infra/events.bicep'

param topics = [
  { subscriptionId: '00000000-0000-4000-8000-00000000aaaa', resourceGroup: 'vaults', name: 'hsmkeep-contoso-kv' }
]
param queueAccountId = '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/rg-hsmkeep-test/providers/Microsoft.Storage/storageAccounts/hkhostrotatetest'
param functionAppId = '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/rg-hsmkeep-test/providers/Microsoft.Web/sites/func-hsmkeep-rotate-test'
param undeliveredAccountId = '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/rg-hsmkeep-test/providers/Microsoft.Storage/storageAccounts/hkstatetest'
