metadata description = '''
The account with what the duties share: container hsmkeep (runs, plans, locks), container hsmkeep-audit (append only, under a
time policy) and the container of events that could not be delivered.
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

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of their identities, by duty.')
param principalIds object

@description('Days that an audit record can neither be changed nor deleted.')
param auditDays int

@description('Where private endpoints go; null leaves the account reachable for whoever has a token.')
param network Network?

@description('Workspace that reads and writes are logged to.')
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

    resource documents 'containers' = {
      name: 'hsmkeep'
      properties: { publicAccess: 'None' }
    }

    resource audit 'containers' = {
      name: 'hsmkeep-audit'
      properties: { publicAccess: 'None' }

      // Unlocked: a person locks it, after review, because that cannot be undone.
      resource policy 'immutabilityPolicies' = {
        name: 'default'
        properties: { immutabilityPeriodSinceCreationInDays: auditDays, allowProtectedAppendWrites: true }
      }
    }

    resource undelivered 'containers' = {
      name: 'hsmkeep-undelivered'
      properties: { publicAccess: 'None' }
    }
  }

  // Versions of documents that are rewritten every few minutes (locks, schedule) do not pile up.
  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'previous-versions'
            enabled: true
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['hsmkeep/'] }
              actions: { version: { delete: { daysAfterCreationGreaterThan: 30 } } }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
}

// Plans and approvals of restores are written by the restore duty alone: what another duty's identity could forge, it could restore with.
// Approvals of retention are the backup duty's.
var blobType = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var notAChange = join(
  map(['write', 'add/action', 'delete', 'move/action'], change => '!(ActionMatches{\'${blobType}/${change}\'})'),
  ' AND '
)
var path = '@Resource[${blobType}:path]'
var noConsent = '${path} StringNotStartsWith \'plans/\' AND ${path} StringNotStartsWith \'approvals/\''
var conditions = {
  backup: '((${notAChange}) OR (${noConsent}) OR (${path} StringStartsWith \'approvals/retention-\'))'
  restore: null
  rotate: '((${notAChange}) OR (${noConsent}))'
}

resource onDocuments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in duties: {
    name: guid(account::blobs::documents.id, principalIds[one], roles.storageBlobDataContributor)
    scope: account::blobs::documents
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
      principalId: principalIds[one]
      principalType: 'ServicePrincipal'
      condition: conditions[one]
      conditionVersion: conditions[one] == null ? null : '2.0'
    }
  }
]

resource onAudit 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in duties: {
    name: guid(account::blobs::audit.id, principalIds[one], roles.storageBlobDataContributor)
    scope: account::blobs::audit
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
      principalId: principalIds[one]
      principalType: 'ServicePrincipal'
    }
  }
]

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'hsmkeep'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
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

@description('Address of the account\'s blobs, what HSMKEEP_STORAGE is set to.')
output blobUrl string = account.properties.primaryEndpoints.blob

@description('Name of the account.')
output name string = account.name

@description('Resource id of the account.')
output id string = account.id
