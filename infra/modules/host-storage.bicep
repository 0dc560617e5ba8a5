metadata description = '''
Storage that one app's Functions host keeps its state, its task hub and its package in. Each app has an account to itself:
whoever may write here decides what runs with the app's identity.
'''

import { roles } from '../roles.bicep'
import { Network } from '../types.bicep'

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Object id of the app\'s identity, the only one that gets roles here.')
param principalId string

@description('Where private endpoints go; null leaves the account reachable for whoever has a token.')
param network Network?

@description('A queue that Event Grid delivers to; empty for none.')
param eventQueue string = ''

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: network == null ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: network == null ? 'Allow' : 'Deny', bypass: 'AzureServices' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: { deleteRetentionPolicy: { enabled: true, days: 7 } }

    resource package 'containers' = {
      name: 'package'
      properties: { publicAccess: 'None' }
    }
  }

  resource queues 'queueServices' = {
    name: 'default'

    resource events 'queues' = if (!empty(eventQueue)) {
      name: empty(eventQueue) ? 'none' : eventQueue
    }
  }
}

var rights = [roles.storageBlobDataOwner, roles.storageQueueDataContributor, roles.storageTableDataContributor]

resource right 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in rights: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

module endpoint 'private-endpoint.bicep' = [
  for part in ['blob', 'queue', 'table']: if (network != null) {
    name: 'endpoint-${name}-${part}'
    params: {
      name: 'pe-${name}-${part}'
      location: location
      tags: tags
      subnetId: network!.endpointSubnetId
      serviceId: account.id
      groupId: part
      zoneId: network!.zoneIds[part]
    }
  }
]

@description('Name of the account.')
output name string = account.name

@description('Resource id of the account.')
output id string = account.id

@description('Address of the container for the package.')
output packageContainer string = '${account.properties.primaryEndpoints.blob}${account::blobs::package.name}'
