metadata description = 'Log Analytics workspace and Application Insights, without keys.'

import { roles } from '../roles.bicep'
import { Duty } from '../types.bicep'

@description('What the names end with.')
param suffix string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Days that logs are kept.')
param retentionDays int

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of their identities, by duty.')
param principalIds object

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-hsmkeep-${suffix}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-hsmkeep-${suffix}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource mayPublish 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in duties: {
    name: guid(insights.id, principalIds[one], roles.monitoringMetricsPublisher)
    scope: insights
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
      principalId: principalIds[one]
      principalType: 'ServicePrincipal'
    }
  }
]

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Where the apps send their telemetry; without a key, since only Entra tokens are taken.')
output connectionString string = insights.properties.ConnectionString
