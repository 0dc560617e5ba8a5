using '../../../infra/main.bicep'

// Every duty and every option at once, in more than one subscription.
param environmentName = 'test'
param location = 'westeurope'
param backupLocation = 'northeurope'
param authClientId = '11111111-1111-4111-8111-111111111111'
param duties = ['backup', 'restore', 'rotate']
param timeZone = 'Europe/Berlin'
param hsms = [
  {
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000bbbb/resourceGroups/hsms/providers/Microsoft.KeyVault/managedHSMs/Contoso-HSM'
    maxAgeHours: 30
    options: { securityDomain: 'emea', prune: 'mark', drill: { into: 'contoso-drill' } }
  }
]
param drillHsms = [
  {
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000bbbb/resourceGroups/hsms/providers/Microsoft.KeyVault/managedHSMs/contoso-drill'
    options: { securityDomain: 'emea' }
  }
]
param vaults = [
  {
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/contoso-kv'
    location: 'westeurope'
    options: { rotation: 'on' }
  }
  {
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000bbbb/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/fabrikam-kv'
    location: 'northeurope'
    existingSystemTopic: 'fabrikam-events'
  }
]
param readableSecrets = [
  {
    vaultId: '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/contoso-kv'
    secretName: 'webhook-signing'
  }
]
param rotatedAccountIds = [
  '/subscriptions/00000000-0000-4000-8000-00000000bbbb/resourceGroups/apps/providers/Microsoft.Storage/storageAccounts/contosoapp'
]
param moreConfig = {
  notify: [
    {
      name: 'ops'
      kind: 'webhook'
      url: 'https://ops.contoso.example/hsmkeep'
      signingKey: 'https://contoso-kv.vault.azure.net/secrets/webhook-signing'
      on: ['failed', 'overdue']
    }
  ]
}
param durableStore = 'durable-task-scheduler'
param alwaysReady = 1
param immutableDays = 90
param undoDays = 14
param alertEmails = ['ops@contoso.example']
param privateNetwork = true
param trialHsmName = 'trial-hsm'
param trialHsmAdministrators = ['00000000-0000-4000-8000-00000000cccc']
param trialVault = true
