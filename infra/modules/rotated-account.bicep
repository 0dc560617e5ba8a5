metadata description = 'Lets the rotate duty list and regenerate the keys of one storage account (provider azure-storage-key).'

import { roles } from '../roles.bicep'

@description('Name of the account.')
param name string

@description('Object id of the rotate duty\'s identity.')
param rotatePrincipalId string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: name
}

resource mayRegenerate 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, rotatePrincipalId, roles.storageAccountKeyOperator)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageAccountKeyOperator)
    principalId: rotatePrincipalId
    principalType: 'ServicePrincipal'
  }
}
