// The shapes of what main.bicep is told.

@export()
@description('What one deployed app may do, with an identity of its own.')
type Duty = 'backup' | 'restore' | 'rotate'

@export()
@description('A Managed HSM that is there already; nothing of it is changed but its diagnostic settings.')
type Hsm = {
  @description('Its resource id, /subscriptions/…/providers/Microsoft.KeyVault/managedHSMs/<name>.')
  resourceId: string

  @description('Hours after which its newest proven backup is too old; default 26.')
  maxAgeHours: int?

  @description('More fields of hsmkeep\'s configuration for this HSM (schedule, retention, prune, securityDomain, drill …); for a drill HSM securityDomain and repairRoles.')
  options: object?
}

@export()
@description('A Key Vault that is there already, whose secrets are rotated.')
type Vault = {
  @description('Its resource id, /subscriptions/…/providers/Microsoft.KeyVault/vaults/<name>.')
  resourceId: string

  @description('Its region, where its Event Grid topic has to be.')
  location: string

  @description('The vault has an Event Grid system topic already, of this name in its resource group; there can be only one.')
  existingSystemTopic: string?

  @description('More fields of hsmkeep\'s configuration for this vault (rotation, targets, maxValidityDays …).')
  options: object?
}

@export()
@description('A secret that the apps read: the signing key of a webhook, or a SAS.')
type ReadableSecret = {
  @description('Resource id of its vault.')
  vaultId: string

  @description('Name of the secret.')
  secretName: string
}

@export()
@description('Where private endpoints go.')
type Network = {
  @description('Resource id of the subnet for private endpoints.')
  endpointSubnetId: string

  @description('Private DNS zone of each service that has endpoints.')
  zoneIds: {
    @description('privatelink.blob.…')
    blob: string
    @description('privatelink.queue.…')
    queue: string
    @description('privatelink.table.…')
    table: string
    @description('privatelink.vaultcore.…')
    vault: string
    @description('privatelink.managedhsm.…')
    managedhsm: string
    @description('privatelink.azurewebsites.…')
    sites: string
  }
}
