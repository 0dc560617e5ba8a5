/** The scopes that every HSM has. A single key is `/keys/<name>`. */
export const KnownKeyVaultRoleScope = {
  /** The whole HSM. */
  Global: '/',
  /** All keys. */
  Keys: '/keys',
} as const;
export type KnownKeyVaultRoleScope = (typeof KnownKeyVaultRoleScope)[keyof typeof KnownKeyVaultRoleScope];

/** What a role can allow. The service knows more than these: any text is passed on. */
export const KnownKeyVaultDataAction = {
  BackupHsmKeys: 'Microsoft.KeyVault/managedHsm/keys/backup/action',
  CreateHsmKey: 'Microsoft.KeyVault/managedHsm/keys/create',
  DecryptHsmKey: 'Microsoft.KeyVault/managedHsm/keys/decrypt/action',
  DeleteHsmKey: 'Microsoft.KeyVault/managedHsm/keys/delete',
  DeleteRoleAssignment: 'Microsoft.KeyVault/managedHsm/roleAssignments/delete/action',
  DeleteRoleDefinition: 'Microsoft.KeyVault/managedHsm/roleDefinitions/delete/action',
  DownloadHsmSecurityDomain: 'Microsoft.KeyVault/managedHsm/securitydomain/download/action',
  DownloadHsmSecurityDomainStatus: 'Microsoft.KeyVault/managedHsm/securitydomain/download/read',
  EncryptHsmKey: 'Microsoft.KeyVault/managedHsm/keys/encrypt/action',
  ExportHsmKey: 'Microsoft.KeyVault/managedHsm/keys/export/action',
  GetRoleAssignment: 'Microsoft.KeyVault/managedHsm/roleAssignments/read/action',
  ImportHsmKey: 'Microsoft.KeyVault/managedHsm/keys/import/action',
  PurgeDeletedHsmKey: 'Microsoft.KeyVault/managedHsm/keys/deletedKeys/delete',
  RandomNumbersGenerate: 'Microsoft.KeyVault/managedHsm/rng/action',
  ReadDeletedHsmKey: 'Microsoft.KeyVault/managedHsm/keys/deletedKeys/read/action',
  ReadHsmBackupStatus: 'Microsoft.KeyVault/managedHsm/backup/status/action',
  ReadHsmKey: 'Microsoft.KeyVault/managedHsm/keys/read/action',
  ReadHsmRestoreStatus: 'Microsoft.KeyVault/managedHsm/restore/status/action',
  ReadHsmSecurityDomainStatus: 'Microsoft.KeyVault/managedHsm/securitydomain/upload/read',
  ReadHsmSecurityDomainTransferKey: 'Microsoft.KeyVault/managedHsm/securitydomain/transferkey/read',
  ReadRoleDefinition: 'Microsoft.KeyVault/managedHsm/roleDefinitions/read/action',
  RecoverDeletedHsmKey: 'Microsoft.KeyVault/managedHsm/keys/deletedKeys/recover/action',
  ReleaseKey: 'Microsoft.KeyVault/managedHsm/keys/release/action',
  RestoreHsmKeys: 'Microsoft.KeyVault/managedHsm/keys/restore/action',
  SignHsmKey: 'Microsoft.KeyVault/managedHsm/keys/sign/action',
  StartHsmBackup: 'Microsoft.KeyVault/managedHsm/backup/start/action',
  StartHsmRestore: 'Microsoft.KeyVault/managedHsm/restore/start/action',
  UnwrapHsmKey: 'Microsoft.KeyVault/managedHsm/keys/unwrap/action',
  UploadHsmSecurityDomain: 'Microsoft.KeyVault/managedHsm/securitydomain/upload/action',
  VerifyHsmKey: 'Microsoft.KeyVault/managedHsm/keys/verify/action',
  WrapHsmKey: 'Microsoft.KeyVault/managedHsm/keys/wrap/action',
  WriteHsmKey: 'Microsoft.KeyVault/managedHsm/keys/write/action',
  WriteRoleAssignment: 'Microsoft.KeyVault/managedHsm/roleAssignments/write/action',
  WriteRoleDefinition: 'Microsoft.KeyVault/managedHsm/roleDefinitions/write/action',
} as const;
export type KnownKeyVaultDataAction = (typeof KnownKeyVaultDataAction)[keyof typeof KnownKeyVaultDataAction];
