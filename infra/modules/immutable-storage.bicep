metadata description = '''
The second account: a copy of every backup under a time-based immutability policy, which nobody can delete before its days are over.
The policy is made unlocked; a person locks it after review, because a locked policy can only be made longer.
'''

import { roles } from '../roles.bicep'
import { Duty, Network } from '../types.bicep'

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Redundancy of the account.')
param sku string

@description('Containers, one for each HSM.')
param containers string[]

@description('Days for which a copy cannot be changed or deleted.')
param days int

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of their identities, by duty.')
param principalIds object

@description('Where private endpoints go; null leaves the account reachable for whoever has a token.')
param network Network?

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: network == null ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: network == null ? 'Allow' : 'Deny', bypass: 'AzureServices' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      deleteRetentionPolicy: { enabled: true, days: 30 }
      containerDeleteRetentionPolicy: { enabled: true, days: 30 }
    }

    resource container 'containers' = [
      for one in containers: {
        name: one
        properties: { publicAccess: 'None' }
      }
    ]
  }
}

resource policy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2026-04-01' = [
  for (one, i) in containers: {
    parent: account::blobs::container[i]
    name: 'default'
    properties: { immutabilityPeriodSinceCreationInDays: days, allowProtectedAppendWrites: false }
  }
]

resource backupCopies 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (one, i) in containers: if (contains(duties, 'backup')) {
    name: guid(account::blobs::container[i].id, principalIds.?backup ?? '', roles.storageBlobDataContributor)
    scope: account::blobs::container[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
      principalId: principalIds.?backup ?? ''
      principalType: 'ServicePrincipal'
    }
  }
]

resource restoreReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (one, i) in containers: if (contains(duties, 'restore')) {
    name: guid(account::blobs::container[i].id, principalIds.?restore ?? '', roles.storageBlobDataReader)
    scope: account::blobs::container[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
      principalId: principalIds.?restore ?? ''
      principalType: 'ServicePrincipal'
    }
  }
]

module endpoint 'private-endpoint.bicep' = if (network != null) {
  name: 'endpoint-${name}-blob'
  params: {
    name: 'pe-${name}-blob'
    location: location
    tags: tags
    subnetId: network!.endpointSubnetId
    serviceId: account.id
    groupId: 'blob'
    zoneId: network!.zoneIds.blob
  }
}

@description('Address of the account\'s blobs.')
output blobUrl string = account.properties.primaryEndpoints.blob
