// What is left for a person: the data plane of each HSM belongs to its administrators.
import { hook } from './command.mjs';

hook((env) => {
  const { hsms = [], drillHsms = [] } = JSON.parse(env.HSMKEEP_CONFIG || '{}');
  const identity = env.HSMKEEP_HSM_IDENTITY ?? '<HSMKEEP_HSM_IDENTITY>';
  const attach = [...hsms, ...drillHsms].map(({ name }) => `   az keyvault update-hsm --hsm-name ${name} --mi-user-assigned ${identity}`);

  console.log(
    [
      '',
      'hsmkeep is deployed. Three steps are left (docs/azure.md):',
      '',
      '1. Let each HSM write its backups (needs Managed HSM Contributor on it; name the identities that it has already, too):',
      ...(attach.length > 0 ? attach : ['   no HSM is configured yet: azd env set HSMKEEP_HSMS']),
      '',
      '2. As an administrator of the HSMs, give the duties their roles there:',
      '   eval "$(azd env get-values | sed \'s/^/export /\')"',
      '   npx hsmkeep setup            # shows what it would do',
      '   npx hsmkeep setup --apply',
      '',
      '3. Give people roles: Microsoft Entra ID, Enterprise applications, '.concat(
        `hsmkeep-${env.AZURE_ENV_NAME ?? '<environment>'}, Users and groups.`,
      ),
      '',
      'Then: npx hsmkeep backup now --all',
      '',
    ].join('\n'),
  );
});
