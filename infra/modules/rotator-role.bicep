metadata description = '''
What the rotate duty may do in a vault: read, write and describe secrets. Key Vault Secrets Officer could also delete and purge them.
'''

targetScope = 'subscription'

@description('Name of the environment, so that two of them do not share a role.')
param environmentName string

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'hsmkeep rotator')
  properties: {
    roleName: 'hsmkeep rotator (${environmentName}, ${take(subscription().subscriptionId, 8)})'
    description: 'Rotates the secrets of a Key Vault: reads and writes versions and their attributes, deletes nothing.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/secrets/readMetadata/action'
          'Microsoft.KeyVault/vaults/secrets/getSecret/action'
          'Microsoft.KeyVault/vaults/secrets/setSecret/action'
          'Microsoft.KeyVault/vaults/secrets/update/action'
        ]
        notDataActions: []
      }
    ]
  }
}

@description('Resource id of the role.')
output id string = role.id
