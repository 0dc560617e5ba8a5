using '../../../infra/main.bicep'

// What `azd up` deploys with one HSM, one vault and nothing else said.
param environmentName = 'test'
param location = 'westeurope'
param authClientId = '11111111-1111-4111-8111-111111111111'
param hsms = [
  { resourceId: '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/hsms/providers/Microsoft.KeyVault/managedHSMs/contoso-hsm' }
]
param vaults = [
  {
    resourceId: '/subscriptions/00000000-0000-4000-8000-00000000aaaa/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/contoso-kv'
    location: 'westeurope'
  }
]
