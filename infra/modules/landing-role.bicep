metadata description = '''
What a restore from the immutable copy needs on the account of the backups: to make a container and to fill it. Storage Blob Data Contributor
on the account could also delete the containers with the backups.
'''

targetScope = 'subscription'

@description('Name of the environment, so that two of them do not share a role.')
param environmentName string

var container = 'Microsoft.Storage/storageAccounts/blobServices/containers'

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'hsmkeep landing')
  properties: {
    roleName: 'hsmkeep landing (${environmentName}, ${take(subscription().subscriptionId, 8)})'
    description: 'Makes containers and fills them; deletes no container.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: ['${container}/read', '${container}/write']
        notActions: []
        dataActions: ['${container}/blobs/read', '${container}/blobs/write', '${container}/blobs/add/action']
        notDataActions: []
      }
    ]
  }
}

@description('Resource id of the role.')
output id string = role.id
