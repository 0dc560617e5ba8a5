metadata description = 'What a Key Vault that is there already gets: the right of the rotate duty, its log, and its Event Grid topic.'

@description('Name of the vault.')
param name string

@description('Object id of the rotate duty\'s identity.')
param rotatePrincipalId string

@description('Resource id of the role that rotates.')
param roleId string

@description('Workspace that its audit log goes to.')
param workspaceId string

@description('Its region.')
param location string

@description('Tags.')
param tags object

@description('Name of the system topic that it has already; empty to make one.')
param existingSystemTopic string

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: name
}

resource mayRotate 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, rotatePrincipalId, roleId)
  scope: vault
  properties: { roleDefinitionId: roleId, principalId: rotatePrincipalId, principalType: 'ServicePrincipal' }
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'hsmkeep'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

// The subscription needs the app's code to be there: events.bicep makes it.
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(existingSystemTopic)) {
  name: 'hsmkeep-${name}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: { source: vault.id, topicType: 'Microsoft.KeyVault.vaults' }
}

@description('Name of its system topic.')
output topicName string = empty(existingSystemTopic) ? topic.name : existingSystemTopic
