metadata name = 'hsmkeep events'
metadata description = '''
Subscribes the rotate app to the events of the vaults. A template of its own, because Event Grid accepts a function as a destination only
once its code is there: infra/hooks/events.mjs deploys it after the code.
'''

targetScope = 'subscription'

@description('The Event Grid system topics of the vaults: subscriptionId, resourceGroup and name of each.')
param topics { subscriptionId: string, resourceGroup: string, name: string }[]

@description('Resource id of the rotate app.')
param functionAppId string

@description('Resource id of the account with the container hsmkeep-undelivered.')
param undeliveredAccountId string

@description('Resource id of the account with the queue of events; empty where Event Grid calls the app.')
param queueAccountId string = ''

@description('Name of the queue.')
param queueName string = 'hsmkeep-events'

module topic 'modules/topic.bicep' = [
  for one in topics: {
    scope: resourceGroup(one.subscriptionId, one.resourceGroup)
    name: 'hsmkeep-topic-${one.name}'
    params: { name: one.name }
  }
]

module rights 'modules/delivery-rights.bicep' = [
  for (one, i) in topics: {
    scope: resourceGroup(split(undeliveredAccountId, '/')[2], split(undeliveredAccountId, '/')[4])
    name: 'hsmkeep-delivery-${one.name}'
    params: {
      principalId: topic[i].outputs.principalId
      undeliveredAccount: last(split(undeliveredAccountId, '/'))
      queueAccount: last(split(queueAccountId, '/'))
      queueName: queueName
    }
  }
]

module events 'modules/event-subscription.bicep' = [
  for (one, i) in topics: {
    scope: resourceGroup(one.subscriptionId, one.resourceGroup)
    name: 'hsmkeep-events-${one.name}'
    params: {
      topicName: one.name
      functionId: '${functionAppId}/functions/secretEvent'
      undeliveredAccountId: undeliveredAccountId
      queueAccountId: queueAccountId
      queueName: queueName
    }
    dependsOn: [rights]
  }
]
