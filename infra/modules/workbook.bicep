metadata description = 'The page in the portal: ages of backups, runs, rotations and what the HSMs logged.'

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Workspace that it asks.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'hsmkeep')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'hsmkeep'
    category: 'workbook'
    sourceId: workspaceId
    version: '1.0'
    serializedData: loadTextContent('../workbook.json')
  }
}
