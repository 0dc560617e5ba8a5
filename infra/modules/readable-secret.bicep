metadata description = 'Lets the apps read one secret, such as the signing key of a webhook: that secret alone, not its vault.'

import { roles } from '../roles.bicep'
import { Duty } from '../types.bicep'

@description('Name of the vault.')
param vaultName string

@description('Name of the secret.')
param secretName string

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of their identities, by duty.')
param principalIds object

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName

  resource secret 'secrets' existing = {
    name: secretName
  }
}

resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in duties: {
    name: guid(vault::secret.id, principalIds[one], roles.keyVaultSecretsUser)
    scope: vault::secret
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
      principalId: principalIds[one]
      principalType: 'ServicePrincipal'
    }
  }
]
