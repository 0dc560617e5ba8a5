metadata name = 'hsmkeep'
metadata description = '''
Everything that hsmkeep needs on Azure: an app for each duty with an identity of its own, storage, monitoring and alerts. Managed HSMs and
Key Vaults that are there already are referenced, not made. What needs the data plane of an HSM is done by `hsmkeep setup` afterwards, and
the subscriptions to events by events.bicep, once the code is there.
'''

targetScope = 'subscription'

import { Duty, Hsm, Vault, ReadableSecret } from 'types.bicep'

@minLength(1)
@maxLength(24)
@description('Name of this environment; it becomes part of names.')
param environmentName string

@metadata({ azd: { type: 'location' } })
@description('Region of everything that is made here.')
param location string

@description('Resource group that is made for it.')
param resourceGroupName string = 'rg-hsmkeep-${environmentName}'

@description('Tags of every resource.')
param tags object = {}

@description('The duties to deploy. The restore duty can empty an HSM: deploy it when it is needed.')
param duties Duty[] = ['backup', 'rotate']

@minLength(36)
@description('Client id of the app registration that people get tokens for (infra/hooks/app-registration.mjs makes it).')
param authClientId string

@description('Client ids of the programs that people call with; the default is the Azure CLI.')
param allowedClientIds string[] = ['04b07795-8ddb-461a-bbee-02f9e1bf7b46']

@description('The Managed HSMs to keep.')
param hsms Hsm[] = []

@description('Managed HSMs that are there for drills only: a drill destroys what they hold.')
param drillHsms Hsm[] = []

@description('The Key Vaults whose secrets are rotated.')
param vaults Vault[] = []

@description('IANA time zone that schedules are in.')
param timeZone string = 'UTC'

@description('More fields of hsmkeep\'s configuration (defaults, notify …), merged over what is made here.')
param moreConfig object = {}

@description('Secrets that the apps read: signing keys of webhooks, SAS.')
param readableSecrets ReadableSecret[] = []

@description('Resource ids of storage accounts whose keys are rotated.')
param rotatedAccountIds string[] = []

@allowed(['22', '24'])
@description('Version of Node that the apps run on.')
param nodeVersion string = '24'

@allowed([512, 2048, 4096])
@description('Memory of an instance, MB.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Most instances of an app at a time.')
param maximumInstanceCount int = 40

@minValue(0)
@maxValue(10)
@description('Instances of each app that are kept warm for orchestrations; 0 lets them sleep, and a first step waits some seconds.')
param alwaysReady int = 0

@allowed(['azure-storage', 'durable-task-scheduler'])
@description('Where orchestrations keep their state. The package has to be made for the same one.')
param durableStore string = 'azure-storage'

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS', 'Standard_RAGRS', 'Standard_RAGZRS'])
@description('Redundancy of the accounts that hold backups and records. Backups that lie in one region are lost with it.')
param storageSku string = 'Standard_RAGRS'

@description('Region of the backups; another one than the HSM\'s survives the loss of that.')
param backupLocation string = location

@minValue(1)
@maxValue(365)
@description('Days for which a deleted backup can be brought back; the same as protect.undoDays of the configuration.')
param undoDays int = 7

@description('A lock keeps the accounts with backups from being deleted.')
param lockBackups bool = true

@minValue(0)
@maxValue(146000)
@description('Days for which a copy of every backup cannot be deleted by anybody; 0 makes no second account.')
param immutableDays int = 0

@minValue(1)
@maxValue(146000)
@description('Days for which audit records cannot be changed or deleted.')
param auditDays int = 365

@minValue(30)
@maxValue(730)
@description('Days that logs are kept.')
param logRetentionDays int = 90

@description('Addresses that alerts are mailed to.')
param alertEmails string[] = []

@description('Action groups that are there already and get the alerts.')
param actionGroupIds string[] = []

@description('Puts everything into a private network; events then come through a queue, and people call from inside.')
param privateNetwork bool = false

@description('Address space of that network, at least a /24.')
param networkPrefix string = '10.70.0.0/24'

@description('Name of a Managed HSM to make for a trial; empty for none. It costs thousands a month.')
param trialHsmName string = ''

@description('Object ids of its first administrators.')
param trialHsmAdministrators string[] = []

@description('Makes a Key Vault for a trial of rotation.')
param trialVault bool = false

@description('DNS suffix of Managed HSMs in this cloud.')
param managedHsmSuffix string = 'managedhsm.azure.net'

var suffix = take(uniqueString(subscription().id, environmentName, location), 8)
var allTags = union(tags, { 'azd-env-name': environmentName })
var rotates = contains(duties, 'rotate')
var eventQueueName = privateNetwork ? 'hsmkeep-events' : ''

var trialHsms = empty(trialHsmName)
  ? []
  : [
      {
        resourceId: '${subscription().id}/resourceGroups/${resourceGroupName}/providers/Microsoft.KeyVault/managedHSMs/${trialHsmName}'
      }
    ]
var keptHsms = map(concat(hsms, trialHsms), one => {
  name: last(split(one.resourceId, '/'))
  container: toLower(last(split(one.resourceId, '/')))
  maxAgeHours: one.?maxAgeHours ?? 26
  options: one.?options ?? {}
})
var drilledHsms = map(drillHsms, one => {
  name: last(split(one.resourceId, '/'))
  container: toLower(last(split(one.resourceId, '/')))
  options: one.?options ?? {}
})
var allHsms = concat(hsms, drillHsms, trialHsms)
var containers = concat(map(keptHsms, one => one.container), map(drilledHsms, one => one.container))

var trialVaultName = 'kv-hsmkeep-${suffix}'
var trialVaults = trialVault
  ? [
      {
        resourceId: '${subscription().id}/resourceGroups/${resourceGroupName}/providers/Microsoft.KeyVault/vaults/${trialVaultName}'
        location: location
      }
    ]
  : []
var keptVaults = map(rotates ? concat(vaults, trialVaults) : [], one => {
  subscriptionId: split(one.resourceId, '/')[2]
  resourceGroup: split(one.resourceId, '/')[4]
  name: last(split(one.resourceId, '/'))
  location: one.location
  existingSystemTopic: one.?existingSystemTopic ?? ''
  options: one.?options ?? {}
})
var rotatorSubscriptions = rotates ? union([subscription().subscriptionId], map(keptVaults, one => one.subscriptionId)) : []

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

// Identities: one for each duty that is deployed, and one that the HSMs write backups with.
var allDuties = ['backup', 'restore', 'rotate']

module identity 'modules/identity.bicep' = [
  for one in allDuties: if (contains(duties, one)) {
    scope: group
    name: 'identity-${one}'
    params: { name: 'id-hsmkeep-${one}-${suffix}', location: location, tags: allTags }
  }
]

module hsmIdentity 'modules/identity.bicep' = {
  scope: group
  name: 'identity-hsm'
  params: { name: 'id-hsmkeep-hsm-${suffix}', location: location, tags: allTags }
}

var principalIds = {
  backup: identity[0].?outputs.principalId ?? ''
  restore: identity[1].?outputs.principalId ?? ''
  rotate: identity[2].?outputs.principalId ?? ''
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  name: 'network'
  params: {
    location: location
    tags: allTags
    suffix: suffix
    duties: duties
    addressPrefix: networkPrefix
    managedHsmSuffix: managedHsmSuffix
  }
}

var endpoints = network.?outputs.network

// Storage and monitoring.
module monitoring 'modules/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: {
    suffix: suffix
    location: location
    tags: allTags
    retentionDays: logRetentionDays
    duties: duties
    principalIds: principalIds
  }
}

module stateStorage 'modules/state-storage.bicep' = {
  scope: group
  name: 'state-storage'
  params: {
    name: 'hkstate${suffix}'
    location: location
    tags: allTags
    sku: storageSku
    duties: duties
    principalIds: principalIds
    auditDays: auditDays
    network: endpoints
    workspaceId: monitoring.outputs.workspaceId
  }
}

// A restore from the immutable copy puts it into a fresh container first, because an HSM reads nothing where such a policy holds.
var lands = immutableDays > 0 && contains(duties, 'restore')

module landingRole 'modules/landing-role.bicep' = if (lands) {
  name: 'hsmkeep-landing-${environmentName}'
  params: { environmentName: environmentName }
}

module backupStorage 'modules/backup-storage.bicep' = {
  scope: group
  name: 'backup-storage'
  params: {
    name: 'hkbackup${suffix}'
    location: backupLocation
    tags: allTags
    sku: storageSku
    containers: containers
    duties: duties
    principalIds: principalIds
    hsmPrincipalId: hsmIdentity.outputs.principalId
    undoDays: undoDays
    landingRoleId: landingRole.?outputs.id ?? ''
    lands: lands
    lock: lockBackups
    network: endpoints
    workspaceId: monitoring.outputs.workspaceId
  }
}

module immutableStorage 'modules/immutable-storage.bicep' = if (immutableDays > 0) {
  scope: group
  name: 'immutable-storage'
  params: {
    name: 'hkworm${suffix}'
    location: backupLocation
    tags: allTags
    sku: storageSku
    containers: map(keptHsms, one => one.container)
    days: max(1, immutableDays)
    duties: duties
    principalIds: principalIds
    network: endpoints
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableStore == 'durable-task-scheduler') {
  scope: group
  name: 'scheduler'
  params: {
    name: 'dts-hsmkeep-${suffix}'
    location: location
    tags: allTags
    duties: duties
    principalIds: principalIds
  }
}

module hostStorage 'modules/host-storage.bicep' = [
  for one in allDuties: if (contains(duties, one)) {
    scope: group
    name: 'host-storage-${one}'
    params: {
      name: 'hkhost${one}${suffix}'
      location: location
      tags: allTags
      principalId: principalIds[one]
      network: endpoints
      eventQueue: one == 'rotate' ? eventQueueName : ''
    }
  }
]

// Trials, and what HSMs and vaults that are there already get.
module newHsm 'modules/trial-hsm.bicep' = if (!empty(trialHsmName)) {
  scope: group
  name: 'trial-hsm'
  params: {
    name: empty(trialHsmName) ? 'none' : trialHsmName
    location: location
    tags: allTags
    administrators: trialHsmAdministrators
    identityId: hsmIdentity.outputs.id
  }
}

module newVault 'modules/trial-vault.bicep' = if (trialVault) {
  scope: group
  name: 'trial-vault'
  params: { name: trialVaultName, location: location, tags: allTags }
}

module hsmLog 'modules/hsm-log.bicep' = [
  for one in allHsms: {
    scope: resourceGroup(split(one.resourceId, '/')[2], split(one.resourceId, '/')[4])
    name: 'hsmkeep-log-${last(split(one.resourceId, '/'))}'
    params: { name: last(split(one.resourceId, '/')), workspaceId: monitoring.outputs.workspaceId }
    dependsOn: [newHsm]
  }
]

module rotatorRole 'modules/rotator-role.bicep' = [
  for one in rotatorSubscriptions: {
    scope: subscription(one)
    name: 'hsmkeep-rotator-${environmentName}'
    params: { environmentName: environmentName }
  }
]

module escrow 'modules/escrow-vault.bicep' = if (rotates) {
  scope: group
  name: 'escrow'
  params: {
    name: 'kv-hkescrow-${suffix}'
    location: location
    tags: allTags
    rotatePrincipalId: principalIds.rotate
    roleId: rotatorRole[0].outputs.id
    workspaceId: monitoring.outputs.workspaceId
    network: endpoints
  }
}

module keptVault 'modules/vault.bicep' = [
  for one in keptVaults: {
    scope: resourceGroup(one.subscriptionId, one.resourceGroup)
    name: 'hsmkeep-${one.name}'
    params: {
      name: one.name
      rotatePrincipalId: principalIds.rotate
      roleId: rotatorRole[indexOf(rotatorSubscriptions, one.subscriptionId)].outputs.id
      workspaceId: monitoring.outputs.workspaceId
      location: one.location
      tags: allTags
      existingSystemTopic: one.existingSystemTopic
    }
    dependsOn: [newVault]
  }
]

module readableSecret 'modules/readable-secret.bicep' = [
  for (one, i) in readableSecrets: {
    scope: resourceGroup(split(one.vaultId, '/')[2], split(one.vaultId, '/')[4])
    name: 'hsmkeep-secret-${i}'
    params: {
      vaultName: last(split(one.vaultId, '/'))
      secretName: one.secretName
      duties: duties
      principalIds: principalIds
    }
  }
]

module rotatedAccount 'modules/rotated-account.bicep' = [
  for (one, i) in rotates ? rotatedAccountIds : []: {
    scope: resourceGroup(split(one, '/')[2], split(one, '/')[4])
    name: 'hsmkeep-account-${i}'
    params: { name: last(split(one, '/')), rotatePrincipalId: principalIds.rotate }
  }
]

// In a private network the HSMs and vaults are reached from inside, too.
module hsmEndpoint 'modules/private-endpoint.bicep' = [
  for one in privateNetwork ? allHsms : []: {
    scope: group
    name: 'endpoint-${last(split(one.resourceId, '/'))}'
    params: {
      name: 'pe-${last(split(one.resourceId, '/'))}'
      location: location
      tags: allTags
      subnetId: endpoints!.endpointSubnetId
      serviceId: one.resourceId
      groupId: 'managedhsm'
      zoneId: endpoints!.zoneIds.managedhsm
    }
    dependsOn: [newHsm]
  }
]

module vaultEndpoint 'modules/private-endpoint.bicep' = [
  for one in privateNetwork && rotates ? concat(vaults, trialVaults) : []: {
    scope: group
    name: 'endpoint-${last(split(one.resourceId, '/'))}'
    params: {
      name: 'pe-${last(split(one.resourceId, '/'))}'
      location: location
      tags: allTags
      subnetId: endpoints!.endpointSubnetId
      serviceId: one.resourceId
      groupId: 'vault'
      zoneId: endpoints!.zoneIds.vault
    }
    dependsOn: [newVault]
  }
]

// The configuration of the apps.
var backupUrl = backupStorage.outputs.blobUrl
var immutableUrl = immutableStorage.?outputs.blobUrl ?? ''
var escrowUrl = escrow.?outputs.url ?? ''
var madeConfig = {
  timeZone: timeZone
  tenantId: tenant().tenantId
  audience: 'api://${authClientId}'
  hsms: map(keptHsms, one => union(
    {
      name: one.name
      url: 'https://${one.name}.${managedHsmSuffix}'
      backupTo: { container: '${backupUrl}${one.container}' }
      maxAgeHours: one.maxAgeHours
      protect: { undoDays: undoDays }
    },
    immutableDays > 0 ? { immutableCopy: { container: '${immutableUrl}${one.container}', days: immutableDays } } : {},
    one.options
  ))
  drillHsms: map(drilledHsms, one => union(
    {
      name: one.name
      url: 'https://${one.name}.${managedHsmSuffix}'
      backupTo: { container: '${backupUrl}${one.container}' }
    },
    one.options
  ))
  vaults: map(keptVaults, one => union(
    {
      name: one.name
      url: 'https://${one.name}${environment().suffixes.keyvaultDns}'
      escrowVault: escrowUrl
    },
    one.options
  ))
}

module app 'modules/app.bicep' = [
  for (one, i) in allDuties: if (contains(duties, one)) {
    scope: group
    name: 'app-${one}'
    params: {
      duty: one
      suffix: suffix
      location: location
      tags: allTags
      nodeVersion: nodeVersion
      instanceMemoryMB: instanceMemoryMB
      maximumInstanceCount: maximumInstanceCount
      alwaysReady: alwaysReady
      identityId: identity[i].?outputs.id ?? ''
      clientId: identity[i].?outputs.clientId ?? ''
      hostStorageName: hostStorage[i].?outputs.name ?? ''
      packageContainer: hostStorage[i].?outputs.packageContainer ?? ''
      insightsConnectionString: monitoring.outputs.connectionString
      workspaceId: monitoring.outputs.workspaceId
      storageUrl: stateStorage.outputs.blobUrl
      config: union(madeConfig, moreConfig)
      eventQueue: one == 'rotate' ? eventQueueName : ''
      usesScheduler: durableStore == 'durable-task-scheduler'
      schedulerEndpoint: scheduler.?outputs.endpoint ?? ''
      authClientId: authClientId
      allowedClientIds: allowedClientIds
      subnetId: privateNetwork ? (network.?outputs.appSubnetIds ?? [])[indexOf(duties, one)] : ''
      network: endpoints
    }
  }
]

// What wakes and what shows.
module alerts 'modules/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    actionGroupIds: actionGroupIds
    hsms: map(keptHsms, one => { name: one.name, maxAgeHours: one.maxAgeHours })
    rotatedVaults: map(filter(keptVaults, one => (one.options.?rotation ?? 'observe') == 'on'), one => one.name)
    duties: duties
    restorers: contains(duties, 'restore') ? [principalIds.restore] : []
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  name: 'workbook'
  params: { location: location, tags: allTags, workspaceId: monitoring.outputs.workspaceId }
}

// What the next steps need; azd keeps these as variables of the environment.
@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Whether azd deploys the backup app.')
output HSMKEEP_DEPLOY_BACKUP string = string(contains(duties, 'backup'))

@description('Whether azd deploys the restore app.')
output HSMKEEP_DEPLOY_RESTORE string = string(contains(duties, 'restore'))

@description('Whether azd deploys the rotate app.')
output HSMKEEP_DEPLOY_ROTATE string = string(rotates)

@description('Address of the backup app, for the command line.')
output HSMKEEP_URL string = app[0].?outputs.url ?? ''

@description('Address of the restore app.')
output HSMKEEP_RESTORE_URL string = app[1].?outputs.url ?? ''

@description('Address of the rotate app.')
output HSMKEEP_ROTATE_URL string = app[2].?outputs.url ?? ''

@description('What tokens for the API are asked for, for the command line.')
output HSMKEEP_AUDIENCE string = 'api://${authClientId}'

@description('Object id of the identity of each duty, for `hsmkeep setup`.')
output HSMKEEP_PRINCIPALS object = principalIds

@description('Resource id of the identity that each HSM gets: az keyvault update-hsm --hsm-name NAME --mi-user-assigned ID.')
output HSMKEEP_HSM_IDENTITY string = hsmIdentity.outputs.id

@description('The configuration of the apps, for commands that run without them.')
output HSMKEEP_CONFIG string = string(union(madeConfig, moreConfig))

@description('Address of the account with the containers hsmkeep and hsmkeep-audit.')
output HSMKEEP_STORAGE string = stateStorage.outputs.blobUrl

@description('For events.bicep: the Event Grid topics of the vaults.')
output HSMKEEP_TOPICS array = [
  for (one, i) in keptVaults: {
    subscriptionId: one.subscriptionId
    resourceGroup: one.resourceGroup
    name: keptVault[i].outputs.topicName
  }
]

@description('For events.bicep: resource id of the rotate app.')
output HSMKEEP_ROTATE_APP string = app[2].?outputs.id ?? ''

@description('For events.bicep: resource id of the account that keeps undelivered events.')
output HSMKEEP_UNDELIVERED_ACCOUNT string = stateStorage.outputs.id

@description('For events.bicep: resource id of the account with the queue of events; empty where Event Grid calls the app.')
output HSMKEEP_QUEUE_ACCOUNT string = privateNetwork ? hostStorage[2].?outputs.id ?? '' : ''
