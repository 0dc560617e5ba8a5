metadata description = 'A private network: a subnet for each app, one for private endpoints, and the private DNS zones.'

import { Duty, Network } from '../types.bicep'

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('What the names of its parts end with.')
param suffix string

@description('The duties that are deployed; each app has a subnet to itself.')
param duties Duty[]

@description('Address space, at least a /24.')
param addressPrefix string

@description('DNS suffix of Managed HSMs.')
param managedHsmSuffix string

resource vnet 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: 'vnet-hsmkeep-${suffix}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: concat(
      [{ name: 'endpoints', properties: { addressPrefix: cidrSubnet(addressPrefix, 26, 0), defaultOutboundAccess: false } }],
      map(range(0, length(duties)), i => {
        name: 'app-${duties[i]}'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 27, i + 2)
          delegations: [{ name: 'functions', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      })
    )
  }
}

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  vault: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
  managedhsm: 'privatelink.${managedHsmSuffix}'
  sites: 'privatelink.azurewebsites.net'
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for one in items(zones): {
    name: one.value
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (one, i) in items(zones): {
    parent: zone[i]
    name: 'hsmkeep'
    location: 'global'
    tags: tags
    properties: { virtualNetwork: { id: vnet.id }, registrationEnabled: false }
  }
]

@description('What modules with private endpoints need.')
output network Network = {
  endpointSubnetId: '${vnet.id}/subnets/endpoints'
  zoneIds: {
    blob: resourceId('Microsoft.Network/privateDnsZones', zones.blob)
    queue: resourceId('Microsoft.Network/privateDnsZones', zones.queue)
    table: resourceId('Microsoft.Network/privateDnsZones', zones.table)
    vault: resourceId('Microsoft.Network/privateDnsZones', zones.vault)
    managedhsm: resourceId('Microsoft.Network/privateDnsZones', zones.managedhsm)
    sites: resourceId('Microsoft.Network/privateDnsZones', zones.sites)
  }
}

@description('Subnets of the apps, in the order of the duties.')
output appSubnetIds string[] = [for one in duties: '${vnet.id}/subnets/app-${one}']
