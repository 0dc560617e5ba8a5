using 'main.bicep'

// What azd deploys. Values come from the environment of azd (`azd env set NAME VALUE`); lists are JSON.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'hsmkeep')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param authClientId = readEnvironmentVariable('HSMKEEP_AUTH_CLIENT_ID', '')
param timeZone = readEnvironmentVariable('HSMKEEP_TIME_ZONE', 'UTC')

// [{ "resourceId": "/subscriptions/…/managedHSMs/contoso-hsm" }]
param hsms = json(readEnvironmentVariable('HSMKEEP_HSMS', '[]'))
param drillHsms = json(readEnvironmentVariable('HSMKEEP_DRILL_HSMS', '[]'))

// [{ "resourceId": "/subscriptions/…/vaults/contoso-kv", "location": "westeurope" }]
param vaults = json(readEnvironmentVariable('HSMKEEP_VAULTS', '[]'))
param readableSecrets = json(readEnvironmentVariable('HSMKEEP_READABLE_SECRETS', '[]'))
param rotatedAccountIds = json(readEnvironmentVariable('HSMKEEP_ROTATED_ACCOUNTS', '[]'))
param moreConfig = json(readEnvironmentVariable('HSMKEEP_MORE_CONFIG', '{}'))

// ["backup", "rotate"]; with "restore" where it is to be there all the time
param duties = json(readEnvironmentVariable('HSMKEEP_APPS', '["backup", "rotate"]'))
param durableStore = readEnvironmentVariable('HSMKEEP_DURABLE_STORE', 'azure-storage')
param alwaysReady = int(readEnvironmentVariable('HSMKEEP_ALWAYS_READY', '0'))
param privateNetwork = bool(readEnvironmentVariable('HSMKEEP_PRIVATE_NETWORK', 'false'))

param backupLocation = readEnvironmentVariable('HSMKEEP_BACKUP_LOCATION', readEnvironmentVariable('AZURE_LOCATION', 'westeurope'))
param undoDays = int(readEnvironmentVariable('HSMKEEP_UNDO_DAYS', '7'))
param immutableDays = int(readEnvironmentVariable('HSMKEEP_IMMUTABLE_DAYS', '0'))

// ["ops@contoso.example"]
param alertEmails = json(readEnvironmentVariable('HSMKEEP_ALERT_EMAILS', '[]'))
param actionGroupIds = json(readEnvironmentVariable('HSMKEEP_ACTION_GROUPS', '[]'))

param trialHsmName = readEnvironmentVariable('HSMKEEP_TRIAL_HSM', '')
param trialHsmAdministrators = empty(readEnvironmentVariable('HSMKEEP_TRIAL_HSM', ''))
  ? []
  : [readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')]
param trialVault = bool(readEnvironmentVariable('HSMKEEP_TRIAL_VAULT', 'false'))
