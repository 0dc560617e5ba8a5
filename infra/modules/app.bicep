metadata description = 'The function app of one duty, on a Flex Consumption plan of its own, with that duty\'s identity and no other.'

import { Duty, Network } from '../types.bicep'

@description('The duty.')
param duty Duty

@description('What the names end with.')
param suffix string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Version of Node.')
param nodeVersion string

@description('Memory of an instance, MB.')
param instanceMemoryMB int

@description('Most instances at a time.')
param maximumInstanceCount int

@description('Instances that are kept warm for orchestrations; 0 lets the app sleep.')
param alwaysReady int

@description('Resource id of the duty\'s identity.')
param identityId string

@description('Its client id.')
param clientId string

@description('Name of the account of the Functions host.')
param hostStorageName string

@description('Address of the container for the package.')
param packageContainer string

@description('Where telemetry goes.')
param insightsConnectionString string

@description('Workspace of the diagnostic settings.')
param workspaceId string

@description('HSMKEEP_STORAGE: address of the account with the containers hsmkeep and hsmkeep-audit.')
param storageUrl string

@description('HSMKEEP_CONFIG: hsmkeep\'s configuration.')
param config object

@description('HSMKEEP_EVENT_QUEUE: the queue that Event Grid delivers to; empty where it calls the app.')
param eventQueue string

@description('Orchestrations keep their state in the Durable Task Scheduler, not in Azure Storage.')
param usesScheduler bool

@description('Endpoint of the Durable Task Scheduler.')
param schedulerEndpoint string

@description('Client id of the app registration that tokens are issued for.')
param authClientId string

@description('Client ids of the programs that people call with; the Azure CLI is one.')
param allowedClientIds string[]

@description('Subnet of the app; empty for none.')
param subnetId string

@description('Where private endpoints go; null leaves the app reachable for whoever has a token.')
param network Network?

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-hsmkeep-${duty}-${suffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true }
}

var hostSettings = [
  { name: 'AzureWebJobsStorage__accountName', value: hostStorageName }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: clientId }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insightsConnectionString }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${clientId};Authorization=AAD' }
]

var ourSettings = [
  { name: 'HSMKEEP_CONFIG', value: string(config) }
  { name: 'HSMKEEP_STORAGE', value: storageUrl }
  { name: 'HSMKEEP_DUTIES', value: duty }
  { name: 'HSMKEEP_IDENTITY_${toUpper(duty)}', value: clientId }
]

var queueSettings = empty(eventQueue) ? [] : [{ name: 'HSMKEEP_EVENT_QUEUE', value: eventQueue }]

var schedulerSettings = usesScheduler
  ? [
      {
        name: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
        value: 'Endpoint=${schedulerEndpoint};TaskHub=${duty};Authentication=ManagedIdentity;ClientID=${clientId}'
      }
      { name: 'TASKHUB_NAME', value: duty }
    ]
  : []

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-hsmkeep-${duty}-${suffix}'
  location: location
  kind: 'functionapp,linux'
  tags: union(tags, { 'azd-service-name': duty })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: network == null ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady == 0 ? [] : [{ name: 'durable', instanceCount: alwaysReady }]
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: concat(hostSettings, ourSettings, queueSettings, schedulerSettings)
    }
  }

  // Nobody publishes with a password.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  // The second fence: the app checks every token itself.
  resource auth 'config' = {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true, runtimeVersion: '~1' }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        // Event Grid's deliveries carry the system key, not a token; health names nobody.
        excludedPaths: ['/runtime/webhooks/eventgrid', '/api/health']
      }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: authClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: ['api://${authClientId}', authClientId]
            defaultAuthorizationPolicy: { allowedApplications: allowedClientIds }
          }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'hsmkeep'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
  }
}

module endpoint 'private-endpoint.bicep' = if (network != null) {
  name: 'endpoint-app-${duty}'
  params: {
    name: 'pe-${app.name}'
    location: location
    tags: tags
    subnetId: network!.endpointSubnetId
    serviceId: app.id
    groupId: 'sites'
    zoneId: network!.zoneIds.sites
  }
}

@description('Name of the app.')
output name string = app.name

@description('Resource id of the app.')
output id string = app.id

@description('Address of its API.')
output url string = 'https://${app.properties.defaultHostName}'
