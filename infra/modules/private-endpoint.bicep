metadata description = 'A private endpoint of one service, with its name in the private DNS zone.'

@description('Its name.')
param name string

@description('Region of the network.')
param location string

@description('Tags.')
param tags object

@description('Resource id of the subnet.')
param subnetId string

@description('Resource id of the service.')
param serviceId string

@description('The part of the service, such as blob.')
param groupId string

@description('Resource id of the private DNS zone.')
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: name, properties: { privateLinkServiceId: serviceId, groupIds: [groupId] } }
    ]
  }

  resource zone 'privateDnsZoneGroups' = {
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: groupId, properties: { privateDnsZoneId: zoneId } }] }
  }
}
