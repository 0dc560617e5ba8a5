metadata description = 'Lets a topic leave undelivered events in our container, and write to the queue where there is one.'

import { roles } from '../roles.bicep'

@description('Object id of the topic\'s identity.')
param principalId string

@description('Account with the container hsmkeep-undelivered.')
param undeliveredAccount string

@description('Account with the queue; empty for none.')
param queueAccount string

@description('Name of the queue.')
param queueName string

resource state 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: undeliveredAccount

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource undelivered 'containers' existing = {
      name: 'hsmkeep-undelivered'
    }
  }
}

resource mayLeave 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(state::blobs::undelivered.id, principalId, roles.storageBlobDataContributor)
  scope: state::blobs::undelivered
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource host 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: empty(queueAccount) ? 'none' : queueAccount

  resource queues 'queueServices' existing = {
    name: 'default'

    resource events 'queues' existing = {
      name: empty(queueName) ? 'none' : queueName
    }
  }
}

resource maySend 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(queueAccount)) {
  name: guid(host::queues::events.id, principalId, roles.storageQueueDataMessageSender)
  scope: host::queues::events
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataMessageSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
