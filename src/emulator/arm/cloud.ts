/** What the emulated cloud is called in its own descriptions, and its only subscription. */
const NAME = 'hsmkeep';

/** Where the parts of the emulated cloud are; without slashes at their ends. */
export type CloudAddresses = Readonly<{ arm: string; authority: string; tenant: string }>;

/** Versions that describe one cloud, and those that describe a list of them. */
const ONE_CLOUD = '2015-01-01';

/** What tokens for Azure Resource Manager may be for; the second is that of old clients. */
export const ARM_AUDIENCES = ['https://management.azure.com', 'https://management.core.windows.net'] as const;

/**
 * How clients find their way around a cloud: the answer to `GET /metadata/endpoints`, which needs no token. `az cloud register` reads it.
 *
 * @see https://learn.microsoft.com/azure-stack/user/azure-stack-version-profiles-azurecli2
 */
export function cloudMetadata({ arm, authority, tenant }: CloudAddresses, apiVersion: string): object {
  const authentication = { loginEndpoint: authority, audiences: ARM_AUDIENCES, tenant, identityProvider: 'AAD' };
  // It has neither gallery nor portal, and Graph only for app secrets; clients want an address all the same.
  const common = { name: NAME, portal: arm, gallery: arm, graph: authority, graphAudience: authority };
  if (apiVersion === ONE_CLOUD)
    return {
      galleryEndpoint: arm,
      graphEndpoint: authority,
      portalEndpoint: arm,
      authentication: { ...authentication, audiences: [ARM_AUDIENCES[0]] },
    };
  return [
    {
      ...common,
      authentication,
      resourceManager: arm,
      suffixes: { keyVaultDns: 'vault.azure.net', mhsmDns: 'managedhsm.azure.net', storage: 'core.windows.net' },
    },
  ];
}

/** The answer to `GET /subscriptions`. */
export const subscriptions = (subscription: string, tenant: string): object => ({
  value: [
    {
      id: `/subscriptions/${subscription}`,
      subscriptionId: subscription,
      tenantId: tenant,
      displayName: NAME,
      state: 'Enabled',
      subscriptionPolicies: { locationPlacementId: 'Internal_2014-09-01', quotaId: 'Internal_2014-09-01', spendingLimit: 'Off' },
      authorizationSource: 'RoleBased',
      managedByTenants: [],
    },
  ],
});

/** The answer to `GET /tenants`. */
export const tenants = (tenant: string): object => ({
  value: [{ id: `/tenants/${tenant}`, tenantId: tenant, displayName: NAME, tenantCategory: 'Home' }],
});
