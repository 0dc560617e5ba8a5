metadata description = 'A user-assigned managed identity.'

@description('Its name.')
param name string

@description('Its region.')
param location string

@description('Tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
  properties: {}
}

@description('Its resource id.')
output id string = identity.id

@description('Its client id, which a program names to get its tokens.')
output clientId string = identity.properties.clientId

@description('Its object id, which roles are assigned to.')
output principalId string = identity.properties.principalId
