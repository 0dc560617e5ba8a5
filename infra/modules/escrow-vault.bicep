metadata description = 'The vault that new values lie in until consumers have them. Its only reader is the rotate duty.'

import { Network } from '../types.bicep'

@description('Name of the vault.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Object id of the rotate duty\'s identity.')
param rotatePrincipalId string

@description('Resource id of the role that rotates.')
param roleId string

@description('Workspace that its audit log goes to.')
param workspaceId string

@description('Where private endpoints go; null leaves the vault reachable for whoever has a token.')
param network Network?

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: network == null ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: network == null ? 'Allow' : 'Deny', bypass: 'None' }
  }
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

module endpoint 'private-endpoint.bicep' = if (network != null) {
  name: 'endpoint-${name}'
  params: {
    name: 'pe-${name}'
    location: location
    tags: tags
    subnetId: network!.endpointSubnetId
    serviceId: vault.id
    groupId: 'vault'
    zoneId: network!.zoneIds.vault
  }
}

@description('Address of the vault, without a slash at its end.')
output url string = 'https://${vault.name}${environment().suffixes.keyvaultDns}'
