metadata description = 'Delivers what a vault says of its secrets to the rotate app, or to its queue.'

@description('Name of the system topic.')
param topicName string

@description('Resource id of the function that takes events.')
param functionId string

@description('Resource id of the account with the container hsmkeep-undelivered.')
param undeliveredAccountId string

@description('Resource id of the account with the queue; empty where Event Grid calls the app.')
param queueAccountId string

@description('Name of the queue.')
param queueName string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

var toQueue = {
  identity: { type: 'SystemAssigned' }
  destination: {
    endpointType: 'StorageQueue'
    properties: { resourceId: queueAccountId, queueName: queueName, queueMessageTimeToLiveInSeconds: 604800 }
  }
}

resource events 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'hsmkeep'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: empty(queueAccountId)
      ? {
          endpointType: 'AzureFunction'
          properties: { resourceId: functionId, maxEventsPerBatch: 1, preferredBatchSizeInKilobytes: 64 }
        }
      : null
    deliveryWithResourceIdentity: empty(queueAccountId) ? null : toQueue
    filter: {
      includedEventTypes: [
        'Microsoft.KeyVault.SecretNearExpiry'
        'Microsoft.KeyVault.SecretExpired'
        'Microsoft.KeyVault.SecretNewVersionCreated'
      ]
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: undeliveredAccountId, blobContainerName: 'hsmkeep-undelivered' }
      }
    }
  }
}
