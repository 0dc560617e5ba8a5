metadata description = 'A Durable Task Scheduler in place of queues and tables, with a task hub for each app.'

import { roles } from '../roles.bicep'
import { Duty } from '../types.bicep'

@description('Name of the scheduler.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of their identities, by duty.')
param principalIds object

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'Consumption' }
    // It has no keys: who comes from anywhere still needs a token and a role.
    ipAllowlist: ['0.0.0.0/0']
    publicNetworkAccess: 'Enabled'
  }

  resource hubs 'taskHubs' = [
    for one in duties: {
      name: one
      properties: {}
    }
  ]

  resource keep 'retentionPolicies' = {
    name: 'default'
    properties: { retentionPolicies: [{ retentionPeriodInDays: 30 }] }
  }
}

resource right 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (one, i) in duties: {
    name: guid(scheduler::hubs[i].id, principalIds[one], roles.durableTaskDataContributor)
    scope: scheduler::hubs[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableTaskDataContributor)
      principalId: principalIds[one]
      principalType: 'ServicePrincipal'
    }
  }
]

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint
