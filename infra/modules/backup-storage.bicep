metadata description = '''
The account that the HSMs write their backups to, a container for each HSM. No immutability policy: a Managed HSM does not back up to
an account that has one (immutable-storage.bicep is for that). Versioning, soft delete and a lock stand in its place.
'''

import { roles } from '../roles.bicep'
import { Duty, Network } from '../types.bicep'

@description('Name of the account.')
param name string

@description('Region; one that is not the HSM\'s survives the loss of the HSM\'s.')
param location string

@description('Tags.')
param tags object

@description('Redundancy of the account.')
param sku string

@description('Containers, one for each HSM.')
param containers string[]

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of their identities, by duty.')
param principalIds object

@description('Object id of the identity that the HSMs write with.')
param hsmPrincipalId string

@description('Days for which what was deleted or overwritten can be brought back.')
param undoDays int

@description('Restores come from the immutable copy, too, by way of a fresh container here.')
param lands bool

@description('Resource id of the role that makes such containers.')
param landingRoleId string

@description('A lock keeps the account from being deleted.')
param lock bool

@description('Where private endpoints go; null leaves the account reachable for whoever has a token. The HSMs come in as trusted services.')
param network Network?

@description('Workspace that reads, writes and deletions are logged to.')
param workspaceId string

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
      deleteRetentionPolicy: { enabled: true, days: max(1, undoDays) }
      containerDeleteRetentionPolicy: { enabled: true, days: max(7, undoDays) }
    }

    resource container 'containers' = [
      for one in containers: {
        name: one
        properties: { publicAccess: 'None' }
      }
    ]
  }

  // With versioning a deleted blob stays as a previous version, for ever unless something ends it.
  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'previous-versions-after-undo-days'
            enabled: true
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'] }
              actions: { version: { delete: { daysAfterCreationGreaterThan: undoDays } } }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
}

resource noDelete 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  name: 'hsmkeep-backups'
  scope: account
  properties: { level: 'CanNotDelete', notes: 'Backups of Managed HSMs. Nothing else can bring their keys back.' }
}

// The documentation of Managed HSM asks for the account, not the container.
resource hsmWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, hsmPrincipalId, roles.storageBlobDataContributor)
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
    principalId: hsmPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource backupWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
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

// The restore duty reads backups and writes what it found out beside them; it neither changes nor deletes a backup.
var blobType = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var notAChange = join(
  map(['write', 'add/action', 'delete', 'move/action'], change => '!(ActionMatches{\'${blobType}/${change}\'})'),
  ' AND '
)
var recordsOnly = '((${notAChange}) OR (@Resource[${blobType}:path] StringStartsWith \'hsmkeep/\'))'

resource restoreReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (one, i) in containers: if (contains(duties, 'restore')) {
    name: guid(account::blobs::container[i].id, principalIds.?restore ?? '', roles.storageBlobDataContributor)
    scope: account::blobs::container[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
      principalId: principalIds.?restore ?? ''
      principalType: 'ServicePrincipal'
      condition: recordsOnly
      conditionVersion: '2.0'
    }
  }
]

// Container names are <hsm>-landing-<digits>. It may make such containers and fill them, and delete none: not even those.
var containerName = '@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]'

resource restoreLands 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (lands) {
  name: guid(account.id, principalIds.?restore ?? '', landingRoleId)
  scope: account
  properties: {
    roleDefinitionId: landingRoleId
    principalId: principalIds.?restore ?? ''
    principalType: 'ServicePrincipal'
    condition: '((${notAChange}) OR (${containerName} StringLike \'*-landing-*\'))'
    conditionVersion: '2.0'
  }
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'hsmkeep'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'StorageRead', enabled: true }
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

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

@description('Resource id of the account.')
output id string = account.id
