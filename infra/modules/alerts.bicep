metadata description = 'What wakes somebody. Each rule asks the log; the list of HSMs comes from the deployment, so that silence is a finding.'

import { Duty } from '../types.bicep'

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Workspace that is asked.')
param workspaceId string

@description('Addresses that get mail.')
param emails string[]

@description('Action groups that are there already.')
param actionGroupIds string[]

@description('The configured HSMs: name and maxAgeHours of each.')
param hsms object[]

@description('Names of the vaults whose rotation is on.')
param rotatedVaults string[]

@description('The duties that are deployed.')
param duties Duty[]

@description('Object ids of the identities that may restore.')
param restorers string[]

resource mail 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-hsmkeep'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'hsmkeep'
    enabled: true
    emailReceivers: [for one in emails: { name: one, emailAddress: one, useCommonAlertSchema: true }]
  }
}

var hsmNames = string(map(hsms, one => { name: one.name, maxAgeHours: one.maxAgeHours }))
var byHsm = [{ name: 'hsm', operator: 'Include', values: ['*'] }]
var bySubject = [{ name: 'subject', operator: 'Include', values: ['*'] }]
var byVault = [{ name: 'vault', operator: 'Include', values: ['*'] }]

// The window is how far back the rule looks: two days at most, as often as an hour at least.
var rules = [
  {
    name: 'hsm-without-backup'
    title: 'An HSM has no young enough proven backup, or nothing is heard of it'
    severity: 1
    every: 'PT30M'
    window: 'PT2H'
    when: contains(duties, 'backup') && !empty(hsms)
    split: byHsm
    query: replace(loadTextContent('../queries/hsm-without-backup.kql'), '{{hsms}}', hsmNames)
  }
  {
    name: 'hsm-log-without-backup'
    title: 'The audit log of an HSM shows no backup in time'
    severity: 1
    every: 'PT1H'
    window: 'P2D'
    when: contains(duties, 'backup') && !empty(hsms)
    split: byHsm
    query: replace(loadTextContent('../queries/hsm-log-without-backup.kql'), '{{hsms}}', hsmNames)
  }
  {
    name: 'failed-run'
    title: 'A run failed or is degraded'
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
    when: true
    split: bySubject
    query: loadTextContent('../queries/failed-run.kql')
  }
  {
    name: 'foreign-restore'
    title: 'Somebody other than hsmkeep restores an HSM'
    severity: 0
    every: 'PT5M'
    window: 'PT15M'
    when: !empty(hsms)
    split: byHsm
    query: replace(loadTextContent('../queries/foreign-restore.kql'), '{{restorers}}', string(restorers))
  }
  {
    name: 'security-domain'
    title: 'The security domain or the roles of an HSM were touched'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    when: !empty(hsms)
    split: byHsm
    query: loadTextContent('../queries/security-domain.kql')
  }
  {
    name: 'overdue-rotation'
    title: 'Secrets are past the date of their rotation, or no sweep is heard of'
    severity: 2
    every: 'PT1H'
    window: 'P1D'
    when: contains(duties, 'rotate') && !empty(rotatedVaults)
    split: byVault
    query: replace(loadTextContent('../queries/overdue-rotation.kql'), '{{vaults}}', string(rotatedVaults))
  }
  {
    name: 'undelivered-events'
    title: 'Event Grid could not deliver an event of a vault'
    severity: 3
    every: 'PT1H'
    window: 'PT1H'
    when: contains(duties, 'rotate')
    split: []
    query: loadTextContent('../queries/undelivered-events.kql')
  }
]

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for one in rules: if (one.when) {
    name: 'hsmkeep-${one.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'hsmkeep: ${one.title}'
      severity: one.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: one.every
      windowSize: one.window
      // The tables come with the first lines that are written to them.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: one.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: one.split
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: concat(actionGroupIds, empty(emails) ? [] : [mail.id]) }
    }
  }
]
