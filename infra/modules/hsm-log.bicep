metadata description = '''
Sends the audit log of a Managed HSM that is there already to our workspace. Nothing else of it is touched: its identity for backups
(`az keyvault update-hsm --mi-user-assigned`) and the roles inside it (`hsmkeep setup`) are an administrator's business.
'''

@description('Name of the HSM.')
param name string

@description('Workspace.')
param workspaceId string

resource hsm 'Microsoft.KeyVault/managedHSMs@2026-02-01' existing = {
  name: name
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'hsmkeep'
  scope: hsm
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'AuditEvent', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
