metadata description = '''
A Managed HSM for a trial. It costs thousands a month, and goes on costing while it is soft-deleted. It can be used only after a
person has downloaded its security domain.
'''

@description('Name of the HSM.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Object ids of its first administrators.')
param administrators string[]

@description('Resource id of the identity that it writes backups with.')
param identityId string

resource hsm 'Microsoft.KeyVault/managedHSMs@2026-02-01' = {
  name: name
  location: location
  tags: tags
  sku: { family: 'B', name: 'Standard_B1' }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    tenantId: tenant().tenantId
    initialAdminObjectIds: administrators
    enableSoftDelete: true
    // A trial has an end: the shortest time, and nothing that forbids to purge it.
    softDeleteRetentionInDays: 7
    enablePurgeProtection: false
    publicNetworkAccess: 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' }
  }
}

@description('Resource id of the HSM.')
output id string = hsm.id
