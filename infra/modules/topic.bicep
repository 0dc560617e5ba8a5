metadata description = 'The identity that an Event Grid topic delivers with.'

@description('Name of the system topic.')
param name string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: name
}

@description('Object id of its identity; a topic that was there already may have none.')
output principalId string = topic.identity.?principalId ?? ''
