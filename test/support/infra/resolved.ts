import { type Deployment, deployment, type Example, type Resource } from './compiled.ts';
import { evaluate } from './expressions.ts';

/** What a made-up Azure would say of a resource: addresses and ids that tell whose they are. */
export function azureSays(resourceId: string): unknown {
  const name = resourceId.split('/').at(-1) ?? '';
  return {
    principalId: `principal of ${name}`,
    clientId: `client of ${name}`,
    identity: { principalId: `principal of ${name}` },
    primaryEndpoints: { blob: `https://${name}.blob.core.windows.net/` },
    defaultHostName: `${name}.azurewebsites.net`,
    endpoint: `https://${name}.westeurope.durabletask.io`,
    ConnectionString: `InstrumentationKey=${name};IngestionEndpoint=https://westeurope.in.applicationinsights.azure.com/`,
  };
}

/** An example deployment with every expression evaluated against that Azure. */
export function resolved(example: Example): readonly Resource[] {
  return resolve(deployment(example));
}

export const resolve = ({ predictedResources }: Deployment): readonly Resource[] =>
  // Some ids are computed with more of the language than this needs.
  predictedResources.map(({ id, ...resource }) => ({ ...(evaluate(resource, azureSays) as Omit<Resource, 'id'>), id }) as Resource);

export const ofType = (resources: readonly Resource[], type: string): Resource[] => resources.filter((resource) => resource.type === type);

/** An app's settings, by name. */
export function appSettings(app: Resource): Record<string, string> {
  const { siteConfig } = app.properties as { siteConfig: { appSettings: readonly { name: string; value: string }[] } };
  return Object.fromEntries(siteConfig.appSettings.map(({ name, value }) => [name, value]));
}
